import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a server of this machine, and fails as networks do. Speaks any protocol on TCP. */
export interface FaultyLink {
  readonly port: number
  /** How many connections of clients are open, those that nobody uses included. */
  readonly connections: number
  /** Lets nothing through in either direction, and ends nothing. */
  hang(): void
  /** As `hang`, but only for the connection that sends something next; for as long as it lasts. */
  hangNext(): void
  /** Ends every connection, and each new one as soon as it is made. */
  cut(): void
  /** Lets the request through, and ends the connection when so many bytes of the answer have passed; once. */
  cutAnswerAfter(bytes: number): void
  /** Each piece of an answer takes so much longer; the order stays. */
  slowDown(ms: number): void
  /** As good as new; connections that hung or were slowed down are ended. */
  mend(): void
  close(): Promise<void>
}

type Fault =
  | { kind: 'none' | 'hang' | 'hang-next' | 'cut' }
  | { kind: 'cut-answer'; left: number }
  | { kind: 'slow'; ms: number }

export async function faultyLink(target: { port: number; host?: string }): Promise<FaultyLink> {
  const sockets = new Set<Socket>()
  const clients = new Set<Socket>()
  let fault: Fault = { kind: 'none' }

  const server = createServer((client) => {
    const upstream = connect(target.port, target.host ?? '127.0.0.1')
    clients.add(client)
    client.on('close', () => clients.delete(client))
    let isHung = false
    /** Who hangs does not learn that the server has lost patience. */
    const unlessHung = (end: () => void) => () => {
      if (!isHung && fault.kind !== 'hang') end()
    }
    track(client, () => upstream.destroy())
    track(
      upstream,
      unlessHung(() => client.destroy()),
    )
    if (fault.kind === 'cut') client.destroy()
    client.on('data', (bytes) => {
      if (fault.kind === 'hang-next') {
        fault = { kind: 'none' }
        isHung = true
      }
      unlessHung(() => upstream.write(bytes))()
    })
    upstream.on('data', (bytes: Buffer) => answer(client, bytes))
    client.on('end', () => upstream.end())
    upstream.on(
      'end',
      unlessHung(() => client.end()),
    )
  })

  function track(one: Socket, ended: () => void): void {
    sockets.add(one)
    one.on('error', () => {}) // `close` follows
    one.on('close', () => {
      sockets.delete(one)
      ended()
    })
  }

  function answer(client: Socket, bytes: Buffer): void {
    switch (fault.kind) {
      case 'none':
      case 'hang-next':
        client.write(bytes)
        break
      case 'slow':
        setTimeout(() => client.write(bytes), fault.ms)
        break
      case 'cut-answer':
        cutWithin(client, bytes, fault)
        break
      case 'hang':
      case 'cut':
        break
    }
  }

  function cutWithin(client: Socket, bytes: Buffer, { left }: { left: number }): void {
    if (bytes.length < left) {
      fault = { kind: 'cut-answer', left: left - bytes.length }
      client.write(bytes)
      return
    }
    fault = { kind: 'none' }
    client.write(bytes.subarray(0, left), () => client.destroy())
  }

  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return clients.size
    },
    hang() {
      fault = { kind: 'hang' }
    },
    hangNext() {
      fault = { kind: 'hang-next' }
    },
    cut() {
      fault = { kind: 'cut' }
      endAll()
    },
    cutAnswerAfter(bytes) {
      fault = { kind: 'cut-answer', left: bytes }
    },
    slowDown(ms) {
      fault = { kind: 'slow', ms }
    },
    mend() {
      fault = { kind: 'none' }
      endAll()
    },
    close() {
      endAll()
      return new Promise((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}
