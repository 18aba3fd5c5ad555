import { connect, createServer, type Server, type Socket } from 'node:net'
import type { TestDatabase } from '@ens/database/testing'

/** Stands between a service and its database, and fails as networks do. */
export interface DatabaseProxy {
  port: number
  /** Ends every connection, and accepts none. */
  cut(): void
  /** Lets statements through, and ends the connection at the next answer: what was asked was done, and nobody is told. */
  loseNextAnswer(): void
  /** Lets nothing through in either direction, and ends nothing. */
  stall(): void
  /** As good as new. */
  mend(): void
  close(): Promise<void>
}

type Fault = 'none' | 'cut' | 'lose-answer' | 'stall'

export async function databaseProxy({ config }: TestDatabase): Promise<DatabaseProxy> {
  const sockets = new Set<Socket>()
  let fault: Fault = 'none'

  const server = createServer((client) => {
    const upstream = connect(config.port, config.host)
    pair(client, upstream)
    if (fault === 'cut') end()
    client.on('data', (bytes) => {
      if (fault !== 'stall') upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (fault === 'lose-answer') client.destroy()
      else if (fault !== 'stall') client.write(bytes)
    })
  })

  function pair(client: Socket, upstream: Socket): void {
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  }

  function end(): void {
    for (const socket of sockets) socket.destroy()
  }

  await listening(server)
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut() {
      fault = 'cut'
      end()
    },
    loseNextAnswer() {
      fault = 'lose-answer'
    },
    stall() {
      fault = 'stall'
    },
    mend() {
      fault = 'none'
      end()
    },
    close() {
      end()
      return new Promise((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
}
