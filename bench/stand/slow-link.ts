import { connect, createServer, type Socket } from 'node:net'

export interface SlowLink {
  readonly port: number
  close(): void
}

/** A way to a server that takes some milliseconds more in each direction, evenly spread. */
export async function slowLink(
  port: number,
  { minMs, maxMs }: { minMs: number; maxMs: number },
): Promise<SlowLink> {
  const sockets = new Set<Socket>()
  const delayMs = () => minMs + Math.random() * (maxMs - minMs)
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from.setNoDelay())
      from.on('data', inOrder(to, delayMs))
      from.on('error', () => {}) // `close` follows
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** What was sent earlier also arrives earlier. */
function inOrder(to: Socket, delayMs: () => number) {
  let last = 0
  return (bytes: Buffer) => {
    last = Math.max(last, performance.now() + delayMs())
    setTimeout(() => to.write(bytes), last - performance.now())
  }
}
