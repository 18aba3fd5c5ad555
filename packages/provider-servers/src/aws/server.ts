import { once } from 'node:events'
import { createServer, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type SignatureFault, type SignedRequest, signatureFault } from './sigv4.ts'

/** Who may ask, and how long a request may be. */
const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not a secret: only for tests' }
const REGION = 'eu-central-1'
const LARGEST_BODY_BYTES = 64_000_000

export interface AwsServer {
  readonly port: number
  readonly url: string
  readonly region: string
  readonly credentials: Readonly<typeof CREDENTIALS>
  /** What was asked so far, whether it was granted or not: `PUT /bucket/name`, `TrentService.Sign`. */
  readonly requests: string[]
  /** Denies permission for everything, until it is told otherwise. */
  refuse(refused: boolean): void
  /** Turns the next so many requests away as too many. */
  throttle(requests: number): void
  close(): Promise<void>
}

export interface Answer {
  status: number
  headers?: OutgoingHttpHeaders
  body?: Buffer | string
}

export type Refusal = 'denied' | 'throttled' | SignatureFault

/** One service of AWS, behind the signatures. */
export interface Service {
  /** Its name in the scope of a signature. */
  name: string
  nameOf(request: SignedRequest): string
  /** Whether the request is one that anybody may make, without a signature. */
  isPublic?(request: SignedRequest): boolean
  answer(request: SignedRequest): Answer
  refusal(reason: Refusal): Answer
}

/** Serves on a free port of this machine; every request must carry a good signature, unless anybody may make it. */
export async function serveAws(service: Service, now = () => new Date()): Promise<AwsServer> {
  const party = { ...CREDENTIALS, region: REGION, service: service.name }
  const requests: string[] = []
  let refused = false
  let throttled = 0

  const reply = (request: SignedRequest): Answer => {
    requests.push(service.nameOf(request))
    if (throttled > 0) {
      throttled--
      return service.refusal('throttled')
    }
    const isPublic = request.headers.authorization === undefined && service.isPublic?.(request)
    const fault = isPublic ? undefined : signatureFault(request, party, now())
    if (fault) return service.refusal(fault)
    return refused ? service.refusal('denied') : service.answer(request)
  }

  const server = createServer((incoming, response) => {
    readRequest(incoming)
      .then((request) => {
        const { status, headers = {}, body = '' } = reply(request)
        // Also of HEAD the length of what GET would answer; 204 has none.
        const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }
        response.writeHead(status, { ...length, ...headers })
        response.end(incoming.method === 'HEAD' ? '' : body)
      })
      .catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    region: REGION,
    credentials: CREDENTIALS,
    requests,
    refuse(on) {
      refused = on
    },
    throttle(count) {
      throttled = count
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function readRequest(incoming: IncomingMessage): Promise<SignedRequest> {
  const { method = '', url = '', headers } = incoming
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > LARGEST_BODY_BYTES) throw new Error('the body is too long')
    pieces.push(piece)
  }
  return { method, target: url, headers, body: Buffer.concat(pieces) }
}
