import { MAX_BODY_BYTES, PARTIAL_FAILURE, type PublishReply, publishFailed } from '@ens/api'
import { platformOf } from '@ens/domain'
import { type App, logError, RETRY_AFTER_SECONDS, statusOf } from '@ens/server'
import type { Config } from './config.ts'
import { type AcceptedPublish, type PublishDeps, type PublishInput, publish } from './publish.ts'
import type { PublishApi } from './publish-api.ts'
import { publicText, publishError } from './publish-errors.ts'
import { RefusedPublish } from './refused-publish.ts'
import { type Random, responsePadding } from './response-padding.ts'
import { within } from './within.ts'

export interface PublishRouteDeps extends PublishDeps {
  config: Pick<Config, 'publish' | 'padding'>
  random: Random
  /** A publish that is not stored by then is refused, and may be sent again. */
  deadlineMs: number
}

const NO_BODY = Buffer.alloc(0)

/** As much of a reply as is needed here. */
interface RouteReply {
  code(status: number): this
  headers(headers: Record<string, string>): this
  send(body: Buffer): unknown
}

interface SentRequest {
  body: unknown
  headers: Record<string, string | string[] | undefined> & { 'user-agent'?: string | undefined }
}

/** Mounts one version of the publish API, for any method. Every reply is JSON, and has the version and padding. */
export function mountPublish(
  app: App,
  paths: readonly string[],
  api: PublishApi,
  deps: PublishRouteDeps,
): void {
  const send = (reply: RouteReply, status: number, contents: PublishReply) => {
    const padding = responsePadding(deps.config.padding, deps.random)
    // As bytes: to text the framework would add a charset.
    const body = Buffer.from(JSON.stringify(api.render({ ...contents, padding })))
    const headers = { 'x-api-version': api.version, 'content-type': 'application/json' }
    return reply.code(status).headers(headers).send(body)
  }
  readWholeBodies(app)
  app.setErrorHandler((thrown, request, reply) => {
    const { cause, warnings } = refusalOf(thrown)
    const error = publishError(cause)
    const status = statusOf(error)
    deps.events.replied(error)
    logError(request, error)
    if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS)
    return send(reply, status, { error: publicText(error), code: error.code, warnings })
  })
  for (const path of paths) {
    app.all(path, async (request, reply) => {
      const input = decode(api, deps, request)
      const accepted = await within(deps.deadlineMs, publish(deps, input), tooLate)
      deps.events.replied(undefined)
      return send(reply, 200, success(accepted))
    })
  }
}

/** Whatever the header says of them: the API decides what it can read. */
function readWholeBodies(app: App): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_, body, done) =>
    done(null, body),
  )
}

function decode(api: PublishApi, { events }: PublishRouteDeps, request: SentRequest): PublishInput {
  const { 'content-type': contentType, 'user-agent': userAgent } = request.headers
  const body = Buffer.isBuffer(request.body) ? request.body : NO_BODY
  try {
    return api.decode(body, String(contentType ?? ''), platformOf(userAgent ?? ''))
  } catch (error) {
    events.bodyUnreadable(error)
    throw error
  }
}

function success(accepted: AcceptedPublish): PublishReply {
  const { revisionToken, inserted, partialFailure: error, warnings } = accepted
  const failure = error !== undefined && { error, code: PARTIAL_FAILURE }
  return { revisionToken, insertedExposures: inserted, warnings, ...failure }
}

function refusalOf(thrown: unknown): { cause: unknown; warnings?: readonly string[] } {
  if (!(thrown instanceof RefusedPublish)) return { cause: thrown }
  return { cause: thrown.cause, warnings: thrown.warnings }
}

function tooLate(): Error {
  return publishFailed('the publish took too long')
}
