import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** One end of a connection, for what an HTTP client would not do. */
export interface Dialled {
  socket: Socket
  /** Waits until this has come back. */
  answered(wanted: string): Promise<void>
  received(): string
  /** Resolves once the connection is closed, from either side. */
  closed: Promise<void>
}

/** A connection to a port of the loopback that has sent this. */
export function dial(port: number, text: string): Dialled {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}) // to be cut may be a reset
  let received = ''
  socket.on('data', (data) => {
    received += data
  })
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
  socket.write(text)
  return {
    socket,
    closed,
    received: () => received,
    async answered(wanted) {
      while (!received.includes(wanted)) await once(socket, 'data')
    },
  }
}
