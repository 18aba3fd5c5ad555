import { connect, type Socket } from 'node:net'
import type { Lane, Reply } from './samples.ts'

/**
 * A kept-alive connection that sends whole requests as they are, because an HTTP client would take a good part of the
 * processor that the server is measured on. It reads what our services write: replies with a content-length.
 */
export async function httpLane(port: number): Promise<Lane<Buffer>> {
  const socket = connect(port, '127.0.0.1')
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
  socket.setNoDelay()
  const reader = replyReader(socket)
  return {
    send: async (request) => {
      if (socket.destroyed) throw new Error('the service had closed the connection')
      const reply = reader.next()
      socket.write(request)
      reader.sent()
      return reply
    },
    close: async () => {
      socket.destroy()
    },
  }
}

/** The request of a body, whole. */
export function httpRequest(
  path: string,
  body: Buffer,
  headers: Record<string, string> = {},
): Buffer {
  const lines = Object.entries({
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': String(body.length),
    'user-agent': 'bench',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), body])
}

const END_OF_HEADERS = Buffer.from('\r\n\r\n')

function replyReader(socket: Socket) {
  let pending: PromiseWithResolvers<Reply> | undefined
  let sentAt = 0
  let firstByteAt = 0
  let received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => {
    if (received.length === 0) firstByteAt = performance.now()
    received.push(chunk)
    const bytes = received.length === 1 ? chunk : Buffer.concat(received)
    const headersEnd = bytes.indexOf(END_OF_HEADERS)
    if (headersEnd < 0) return
    const headers = bytes.toString('latin1', 0, headersEnd)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(headers)?.[1] ?? Number.NaN)
    const size = headersEnd + END_OF_HEADERS.length + length
    if (Number.isNaN(length)) socket.destroy(new Error('a reply without content-length'))
    else if (bytes.length >= size) finish(Number(headers.slice(9, 12)), size)
  })
  const finish = (status: number, bytes: number) => {
    const done = pending
    received = []
    pending = undefined
    done?.resolve({ status, sentAt, firstByteAt, doneAt: performance.now(), bytes })
  }
  socket.on('error', (error) => pending?.reject(error))
  socket.on('close', () => pending?.reject(new Error('the service has closed the connection')))
  return {
    next(): Promise<Reply> {
      pending = Promise.withResolvers<Reply>()
      return pending.promise
    },
    sent() {
      sentAt = performance.now()
    },
  }
}
