import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A request whose body has been read; an empty one is `{}`. */
export interface Call {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: Record<string, unknown>
}

/** What the service answers instead of a result: https://learn.microsoft.com/azure/key-vault/general/rest-error-codes */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly inner: string | undefined
  readonly headers: Record<string, string>

  constructor(
    status: number,
    code: string,
    message: string,
    { inner, headers = {} }: { inner?: string; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.inner = inner
    this.headers = headers
  }
}

/** Answers a call with what `answer` returns, or with the error document of what it throws. */
export async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (call: Call) => Promise<unknown>,
): Promise<void> {
  try {
    const result = await answer(await readCall(request))
    send(response, 200, result)
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'InternalError', 'A bug.')
    for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value)
    send(response, refusal.status, documentOf(refusal))
  }
}

async function readCall(request: IncomingMessage): Promise<Call> {
  const { method = 'GET', headers } = request
  const url = new URL(request.url ?? '/', 'https://127.0.0.1')
  const body = await text(request)
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    headers,
    body: body ? parsed(body) : {},
  }
}

function parsed(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body)
  } catch {
    throw new Refusal(400, 'BadParameter', 'The request body is not JSON.')
  }
}

function documentOf({ code, message, inner }: Refusal): unknown {
  return { error: { code, message, ...(inner && { innererror: { code: inner } }) } }
}

function send(response: ServerResponse, status: number, document: unknown): void {
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.setHeader('x-ms-request-id', randomUUID())
  response.writeHead(status).end(JSON.stringify(document))
}
