import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Access } from './access.ts'
import { serverCertificate } from './certificate.ts'
import { type Answer, bodyOf, failure, send } from './http-answers.ts'
import { StorageApi } from './storage-api.ts'

/** Cloud Storage and the token service over HTTPS, at a free port of 127.0.0.1. */
export async function startStorage(access: Access, buckets: readonly string[]) {
  const api = new StorageApi(buckets)
  const server = createServer(serverCertificate(), (request, response) => {
    answer(access, api, request).then(
      (reply) => (reply ? send(response, reply) : request.socket.destroy()),
      () => send(response, failure(400, 'badRequest', 'Bad Request')),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
  }
  return { api, port: (server.address() as AddressInfo).port, close }
}

/** Undefined if the answer is one to lose. */
async function answer(
  access: Access,
  api: StorageApi,
  request: IncomingMessage,
): Promise<Answer | undefined> {
  const { method = 'GET', headers } = request
  const url = new URL(request.url ?? '/', `https://${headers.host ?? 'localhost'}`)
  const body = await bodyOf(request)
  if (url.pathname === '/subject-token') return subjectToken(access, request)
  if (url.pathname === '/v1/token') return exchanged(access, body)
  if (!/^\/(upload\/|download\/)?storage\/v1\//.test(url.pathname)) {
    return api.publicObject(url.pathname)
  }
  // The address of an upload in pieces is a credential of its own.
  const isPiece = method === 'PUT' && url.searchParams.has('upload_id')
  if (!isPiece && !access.admits(headers.authorization)) return unauthorized()
  const reply = api.answer({ method, url, headers, body })
  return api.faults.loses() ? undefined : reply
}

function subjectToken(access: Access, { headers }: IncomingMessage): Answer {
  const body = access.subjectToken(headers)
  return body === undefined ? unauthorized() : { status: 200, body }
}

/** Errors as OAuth has them: RFC 6749, section 5.2. */
function exchanged(access: Access, body: Buffer): Answer {
  const token = access.exchange(new URLSearchParams(body.toString()))
  if (token) return { status: 200, body: token }
  return { status: 400, body: { error: 'invalid_grant', error_description: 'Bad subject token.' } }
}

function unauthorized(): Answer {
  const reply = failure(401, 'authError', 'Invalid Credentials')
  return {
    ...reply,
    headers: { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' },
  }
}
