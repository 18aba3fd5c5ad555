import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a handler answers; a text is plain text, anything else JSON. */
export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: Uint8Array | string | object | undefined
}

export function send(response: ServerResponse, { status, headers = {}, body }: Answer): void {
  const isText = typeof body === 'string'
  const isJson = typeof body === 'object' && !(body instanceof Uint8Array)
  const type = isJson ? 'application/json; charset=UTF-8' : 'text/html; charset=UTF-8'
  const typed = isText || isJson ? { 'content-type': type, ...headers } : headers
  response.writeHead(status, typed)
  response.end(isJson ? JSON.stringify(body) : body)
}

/** As the JSON API reports errors: https://cloud.google.com/storage/docs/json_api/v1/status-codes */
export function failure(status: number, reason: string, message: string): Answer {
  const error = { code: status, message, errors: [{ message, domain: 'global', reason }] }
  return { status, body: { error } }
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}
