import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** A server on the loopback interface, for as long as a test needs one. */
export interface TestServer extends AsyncDisposable {
  url: string
}

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** A listener that fails cuts the connection. */
export async function serve(listener: Listener): Promise<TestServer> {
  const server = createServer((request, response) => {
    const answer = async () => listener(request, response)
    answer().catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${portOf(server)}`, [Symbol.asyncDispose]: () => close(server) }
}

/** Stands for a CDN: the files by their paths, 404 for the rest. */
export function serveFiles(files: Record<string, string | Buffer>): Promise<TestServer> {
  return serve((request, response) => {
    const contents = files[request.url ?? '']
    response.writeHead(contents === undefined ? 404 : 200).end(contents ?? 'not found')
  })
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

async function close(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}
