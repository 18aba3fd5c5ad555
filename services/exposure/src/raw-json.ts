import { MAX_BODY_BYTES } from '@ens/api'
import type { App } from '@ens/server'

/** As much of a reply as is needed here. */
interface Reply {
  code(status: number): this
  headers(headers: Record<string, string>): this
  send(body: Buffer): unknown
}

/** Reads bodies whole, whatever their header says: the API decides what it can read. */
export function readWholeBodies(app: App): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_, body, done) =>
    done(null, body),
  )
}

const NO_BODY = Buffer.alloc(0)

/** The body of a request on a route that reads whole bodies; empty if there was none. */
export function bodyOf(request: { body: unknown }): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : NO_BODY
}

/** Replies with JSON of the plain content type: to text the framework would add a charset. */
export function sendJson(
  reply: Reply,
  status: number,
  json: Buffer,
  headers: Record<string, string> | undefined = {},
): unknown {
  return reply
    .code(status)
    .headers({ ...headers, 'content-type': 'application/json' })
    .send(json)
}

/** The bytes of a reply. */
export function asJson(body: object): Buffer {
  return Buffer.from(JSON.stringify(body))
}
