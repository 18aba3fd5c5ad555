import { once } from 'node:events'
import {
  createServer,
  type OutgoingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface HugeAnswerOptions {
  /** What `Content-Length` claims; without it there is none, and the body does not end. */
  declaredBytes?: number
  headers?: OutgoingHttpHeaders
  /** Speaks TLS with them, in PEM. */
  tls?: { key: string; cert: string }
}

export interface HugeAnswer {
  readonly port: number
  /** How many requests have come. */
  requests(): number
  /** Settles when a client has hung up in the middle of an answer; tells how many bytes of all answers were written by then. */
  readonly hungUp: Promise<number>
  close(): Promise<void>
}

const PIECE = Buffer.alloc(64 * 1024, 'x')

/**
 * Answers everything with a body that nobody can hold. Of one that is declared, a single piece is sent, so that who waits
 * for the rest waits for ever; one that is not is written as fast as the client takes it.
 */
export async function hugeAnswer(options: HugeAnswerOptions = {}): Promise<HugeAnswer> {
  const { declaredBytes, headers, tls } = options
  const hungUp = Promise.withResolvers<number>()
  let requests = 0
  let written = 0
  const write = (response: ServerResponse): void => {
    while (!response.destroyed) {
      written += PIECE.length
      if (!response.write(PIECE) || declaredBytes !== undefined) return
    }
  }
  const answer: RequestListener = (incoming, response) => {
    requests++
    incoming.resume()
    response.on('close', () => hungUp.resolve(written))
    response.on('drain', () => {
      if (declaredBytes === undefined) write(response)
    })
    const length = declaredBytes === undefined ? {} : { 'content-length': declaredBytes }
    response.writeHead(200, { ...headers, ...length })
    write(response)
  }
  const server = tls ? createTlsServer(tls, answer) : createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    hungUp: hungUp.promise,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
