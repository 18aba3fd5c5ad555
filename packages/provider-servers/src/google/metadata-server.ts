import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Access } from './access.ts'
import { send } from './http-answers.ts'

/** What the credentials of a machine at Google are found by; see `GCE_METADATA_HOST`. */
export interface MetadataServer {
  /** Host and port. */
  host: string
  /** The next so many requests get no answer; their connections end. */
  breakDown(requests: number): void
  close(): Promise<void>
}

const TOKEN = '/computeMetadata/v1/instance/service-accounts/default/token'

/** Knows the token of the machine, and nothing else: https://cloud.google.com/compute/docs/metadata/querying-metadata */
export async function startMetadata(access: Access): Promise<MetadataServer> {
  let failing = 0
  const server = createServer((request, response) => {
    if (failing-- > 0) {
      request.socket.destroy()
      return
    }
    const { pathname } = new URL(request.url ?? '/', 'http://metadata')
    const headers = { 'metadata-flavor': 'Google' }
    if (request.headers['metadata-flavor'] !== 'Google') send(response, { status: 403, headers })
    else if (pathname === TOKEN) send(response, { status: 200, headers, body: access.issue() })
    else if (pathname === '/computeMetadata/v1/instance')
      send(response, { status: 200, headers, body: {} })
    else send(response, { status: 404, headers })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    breakDown(requests) {
      failing = requests
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}
