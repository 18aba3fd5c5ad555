import { readFile } from 'node:fs/promises'
import type { VaultAnswer, VaultRequest } from './client.ts'
import { isVaultUnreachable, VaultUnreachable } from './unreachable.ts'

export interface Connection {
  base: URL
  token: string | undefined
  tokenFile: string | undefined
  namespace: string | undefined
}

/** Anything else would be quoted in the error of a header that cannot be sent. */
export const TOKEN = /^[\x21-\x7e]+$/
/** A connection that hangs is given up then, so that another can be tried before the deadline. */
const ATTEMPT_MS = 5000
const LONGEST_ANSWER_BYTES = 1024 * 1024
const LONGEST_WORDS = 300

/** One HTTP request. Throws an error that `isVaultUnreachable` if there is no whole answer in JSON. */
export async function attempt(
  connection: Connection,
  request: VaultRequest,
  deadline: AbortSignal,
): Promise<VaultAnswer> {
  const token = await tokenOf(connection)
  const signal = AbortSignal.any([deadline, AbortSignal.timeout(ATTEMPT_MS)])
  try {
    const response = await fetch(urlOf(connection, request), {
      ...methodAndBody(request),
      headers: headersOf(connection, token),
      redirect: 'manual', // it could lead anywhere, and would take the token along
      signal,
    })
    const text = await textOf(response)
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    return { status: response.status, body, words: wordsOf(body, token) }
  } catch (cause) {
    if (isVaultUnreachable(cause)) throw cause
    const reason = wasNotAsked(cause) ? 'not-asked' : 'lost'
    throw new VaultUnreachable(reason, 'Vault gave no answer', withoutText(cause))
  }
}

/** Failures of name servers and of connections that were never made. */
const NOT_CONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']

/** Of an error of `fetch`, whose cause is the system's. */
function wasNotAsked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && NOT_CONNECTED.includes(String(cause.code))
}

/** A parser quotes what it could not parse, which may be a secret. */
function withoutText(cause: unknown): unknown {
  return cause instanceof SyntaxError ? new Error('the answer is not JSON') : cause
}

async function tokenOf({ token, tokenFile }: Connection): Promise<string | undefined> {
  if (token !== undefined || tokenFile === undefined) return token
  const read = await readFile(tokenFile, 'utf8').catch((cause) => {
    throw new VaultUnreachable('not-asked', 'the file VAULT_TOKEN_FILE cannot be read', cause)
  })
  if (TOKEN.test(read.trim())) return read.trim()
  throw new VaultUnreachable('not-asked', 'the file VAULT_TOKEN_FILE holds no token')
}

function urlOf({ base }: Connection, { path, query = {} }: VaultRequest): URL {
  const url = new URL(base)
  const prefix = url.pathname.replace(/\/$/, '')
  url.pathname = [prefix, 'v1', ...path.map(encodeURIComponent)].join('/')
  url.search = new URLSearchParams(query).toString()
  return url
}

function methodAndBody({ body }: VaultRequest): RequestInit {
  return body ? { method: 'POST', body: JSON.stringify(body) } : { method: 'GET' }
}

function headersOf({ namespace }: Connection, token: string | undefined): Record<string, string> {
  return {
    accept: 'application/json',
    'content-type': 'application/json',
    'x-vault-request': 'true', // an agent in between demands it where it guards against forged requests
    ...(token && { 'x-vault-token': token }),
    ...(namespace && { 'x-vault-namespace': namespace }),
  }
}

async function textOf({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body ?? []) {
    size += piece.length
    if (size > LONGEST_ANSWER_BYTES)
      throw new VaultUnreachable('too-long', 'the answer of Vault is too long')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

/** `{"errors": ["…"]}` */
function wordsOf(body: unknown, token: string | undefined): string {
  const errors = (body as { errors?: unknown } | undefined)?.errors
  const words = Array.isArray(errors) ? errors.join('; ').replace(/\s+/g, ' ') : ''
  const safe = token ? words.replaceAll(token, '***') : words
  return safe.slice(0, LONGEST_WORDS)
}
