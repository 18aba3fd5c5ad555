import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** Stands before a blob service of this machine and answers in its place, as the real one does when it is in trouble. */
export interface BlobFront {
  readonly port: number
  /** The next calls are refused with that status and code. https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes */
  refuse(status: number, code: string, times: number): void
  /** A byte of the next answer that has a body is changed on its way. */
  damage(): void
  /** How many calls have come, those that were refused included. */
  calls(): number
  close(): Promise<void>
}

export async function blobFront(target: { port: number }): Promise<BlobFront> {
  let refusal = { status: 0, code: '', times: 0 }
  let isDamaging = false
  let calls = 0

  const server = createServer((incoming, response) => {
    calls++
    if (refusal.times > 0) {
      refusal.times--
      incoming.resume()
      refuse(response, refusal)
      return
    }
    forward(incoming, response).catch(() => response.destroy())
  })

  async function forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers, url: path } = incoming
    const outgoing = request({ host: '127.0.0.1', port: target.port, method, headers, path })
    incoming.pipe(outgoing)
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
    const body = await buffer(answer)
    if (isDamaging && body.length > 0) {
      isDamaging = false
      body[0] = (body[0] ?? 0) ^ 1
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers).end(body)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    refuse(status, code, times) {
      refusal = { status, code, times }
    },
    damage() {
      isDamaging = true
    },
    calls: () => calls,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function refuse(
  response: ServerResponse,
  { status, code }: { status: number; code: string },
): void {
  response.writeHead(status, { 'content-type': 'application/xml', 'x-ms-error-code': code })
  response.end(
    `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>As the test wants it.</Message></Error>`,
  )
}
