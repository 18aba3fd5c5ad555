import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/**
 * One statement over a connection of its own, and the text of what comes back: enough of PostgreSQL's protocol, version 3
 * with SCRAM-SHA-256 (RFC 7677), to try a server without a driver.
 */
export async function query(url: string, statement: string): Promise<string[][]> {
  const { hostname, port, username, password, pathname } = new URL(url)
  const socket = connect(Number(port), hostname)
  const parameters = `user\0${username}\0database\0${pathname.slice(1)}\0\0`
  socket.write(message('', Buffer.concat([int32(196_608), Buffer.from(parameters)])))
  const rows: string[][] = []
  const exchange = scram(password)
  try {
    for await (const { type, body } of messages(socket)) {
      if (type === 'E') throw new Error(body.toString().split('\0').join(' '))
      if (type === 'R') answer(socket, exchange, body)
      if (type === 'D') rows.push(fields(body))
      if (type === 'C') break
      if (type === 'Z') socket.write(message('Q', Buffer.from(`${statement}\0`)))
    }
  } finally {
    socket.end(message('X', Buffer.alloc(0)))
  }
  return rows
}

async function* messages(socket: Socket): AsyncGenerator<{ type: string; body: Buffer }> {
  let buffered = Buffer.alloc(0)
  for await (const chunk of socket) {
    buffered = Buffer.concat([buffered, chunk as Buffer])
    while (buffered.length >= 5 && buffered.length > buffered.readInt32BE(1)) {
      const end = 1 + buffered.readInt32BE(1)
      yield { type: String.fromCharCode(buffered[0] ?? 0), body: buffered.subarray(5, end) }
      buffered = buffered.subarray(end)
    }
  }
}

function answer(socket: Socket, exchange: ReturnType<typeof scram>, body: Buffer): void {
  const [kind, rest] = [body.readInt32BE(0), body.subarray(4).toString()]
  const first = Buffer.from(exchange.first)
  if (kind === 10)
    socket.write(
      message('p', Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), int32(first.length), first])),
    )
  if (kind === 11) socket.write(message('p', Buffer.from(exchange.final(rest))))
}

function scram(password: string) {
  const bare = `n=,r=${randomBytes(18).toString('base64')}`
  return {
    first: `n,,${bare}`,
    final(challenge: string): string {
      const [nonce = '', salt = '', rounds = ''] = challenge.split(',').map((part) => part.slice(2))
      const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), 32, 'sha256')
      const clientKey = createHmac('sha256', salted).update('Client Key').digest()
      const storedKey = createHash('sha256').update(clientKey).digest()
      const unproven = `c=biws,r=${nonce}`
      const signed = createHmac('sha256', storedKey).update(`${bare},${challenge},${unproven}`)
      const signature = signed.digest()
      const proof = clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))
      return `${unproven},p=${Buffer.from(proof).toString('base64')}`
    },
  }
}

function fields(body: Buffer): string[] {
  const values: string[] = []
  for (let at = 2; at < body.length; ) {
    const length = Math.max(0, body.readInt32BE(at))
    values.push(body.toString('utf8', at + 4, at + 4 + length))
    at += 4 + length
  }
  return values
}

const message = (type: string, body: Buffer) =>
  Buffer.concat([Buffer.from(type), int32(body.length + 4), body])

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
