import { request } from 'node:http'
import { openApiDocument } from '@ens/api'
import { intervalNumber, type SentKey } from '@ens/domain'
import type { StartedService } from './started-service.ts'
import { type PublishOptions, publishBody, sentKey } from './test-server.ts'

/** A reply of any of the APIs, as it came over the wire. */
export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  /** Empty unless the text is JSON. */
  body: {
    code?: string
    error?: string
    padding?: string
    revisionToken?: string
    insertedExposures?: number
    warnings?: string[]
    days?: object[]
  }
}

export interface Call {
  path?: string
  headers?: Record<string, string>
  body?: object | string
}

/** Posts JSON over a connection of its own. */
export function post({ url }: StartedService, call: Call = {}): Promise<Answer> {
  const { path = '/v1/publish', headers, body = {} } = call
  const options = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    agent: false,
  }
  return new Promise((resolve, reject) => {
    const sent = request(url + path, options, (reply) => {
      let text = ''
      reply.setEncoding('utf8')
      reply.on('data', (chunk: string) => {
        text += chunk
      })
      reply.on('end', () => {
        const body = text.startsWith('{') ? JSON.parse(text) : {}
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text, body })
      })
    })
    sent.on('error', reject)
    sent.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
}

/** A process of its own has no other clock. */
// eslint-disable-next-line no-restricted-syntax -- as above
const timeOfDay = () => new Date()

let used = 100

/** Keys of the last days that nobody has sent yet. */
export function freshKeys(count = 1): SentKey[] {
  const midnight = Math.floor(intervalNumber(timeOfDay()) / 144) * 144
  return Array.from({ length: count }, (_, i) =>
    sentKey(used++, { rollingStartNumber: midnight - 144 * (1 + (i % 13)) }),
  )
}

/** A publish of these keys with a certificate of now. */
export function bodyFor(keys: readonly SentKey[], options: PublishOptions = {}): object {
  return publishBody(keys, { issuedAt: timeOfDay(), ...options })
}

const { paths } = openApiDocument()

/** The headers that the API's description promises for a reply; undefined if it does not know such a reply. */
export function documentedHeaders(path: string, { status, body }: Answer): string[] | undefined {
  const told = paths[path]?.post.responses[status]
  const content = JSON.stringify(told?.content)
  if (!told || (body.code !== undefined && !content.includes(`"${body.code}"`))) return undefined
  return Object.keys(told.headers).map((name) => name.toLowerCase())
}
