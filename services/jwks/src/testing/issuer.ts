import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server on the loopback that stands for those of health authorities. */
export interface Issuer {
  /** The address of a path. */
  url(path: string): string
  /** How a path is answered from now on; 404 unless told. */
  answer(path: string, listener: RequestListener): void
  /** Answers a path with a document. */
  publish(path: string, document: unknown): void
  /** The paths that were asked for, in order. */
  readonly asked: string[]
  close(): Promise<void>
}

export async function startIssuer(): Promise<Issuer> {
  const listeners = new Map<string, RequestListener>()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { url = '' } = request
    asked.push(url)
    const listener = listeners.get(url)
    if (listener) listener(request, response)
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    answer: (path, listener) => void listeners.set(path, listener),
    publish: (path, document) =>
      void listeners.set(path, (_, response) => {
        response.end(typeof document === 'string' ? document : JSON.stringify(document))
      }),
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
