import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { recordRefusedConnection } from './metrics.ts'

/**
 * Bounds how many connections are open at once (0: not at all), and so how many bodies are held in the
 * making. Returns what is to be called when the service stops: it cuts every connection that has no
 * complete request in hand, and every one that still comes; Node would wait for their rest for ever.
 */
export function watchConnections(server: Server, maxConnections: number): () => void {
  /** The requests in hand of each connection. */
  const open = new Map<Socket, Set<IncomingMessage>>()
  let stopping = false
  if (maxConnections > 0) server.maxConnections = maxConnections
  server.on('drop', recordRefusedConnection)
  server.on('connection', (socket) => {
    if (stopping) return socket.destroy()
    open.set(socket, new Set())
    return socket.once('close', () => open.delete(socket))
  })
  // Before the app's own listener, which may answer at once.
  server.prependListener('request', (request, response) => {
    const inHand = open.get(request.socket)
    inHand?.add(request)
    response.once('close', () => inHand?.delete(request))
  })
  return () => {
    stopping = true
    for (const [socket, inHand] of open)
      if (![...inHand].some(({ complete }) => complete)) socket.destroy()
  }
}
