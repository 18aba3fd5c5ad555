import { PARTIAL_FAILURE, type PublishReply, publishFailed } from '@ens/api'
import { platformOf } from '@ens/domain'
import { type App, logError, RETRY_AFTER_SECONDS, statusOf } from '@ens/server'
import type { Config } from './config.ts'
import { type AcceptedPublish, type PublishDeps, type PublishInput, publish } from './publish.ts'
import type { PublishApi } from './publish-api.ts'
import { publicText, publishError } from './publish-errors.ts'
import { bodyOf, readWholeBodies, sendJson } from './raw-json.ts'
import { RefusedPublish } from './refused-publish.ts'
import { type Random, responsePadding } from './response-padding.ts'
import { within } from './within.ts'

export interface PublishRouteDeps extends PublishDeps {
  config: Pick<Config, 'publish' | 'padding'>
  random: Random
  /** A publish that is not stored by then is refused, and may be sent again. */
  deadlineMs: number
}

interface SentRequest {
  body: unknown
  headers: Record<string, string | string[] | undefined> & { 'user-agent'?: string | undefined }
}

/** Mounts one version of the publish API, for any method. Every reply is JSON, and has the version and padding. */
export function mountPublish(
  app: App,
  path: string,
  api: PublishApi,
  deps: PublishRouteDeps,
): void {
  const version = { 'x-api-version': api.version }
  const padded = (reply: PublishReply) => {
    const padding = responsePadding(deps.config.padding, deps.random)
    return api.render({ ...reply, padding })
  }
  readWholeBodies(app)
  app.setErrorHandler((thrown, request, reply) => {
    const { cause, warnings } = refusalOf(thrown)
    const error = publishError(cause)
    const status = statusOf(error)
    deps.events.replied(error)
    logError(request, error)
    if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS)
    const body = padded({ error: publicText(error), code: error.code, warnings })
    return sendJson(reply, status, body, version)
  })
  app.all(path, async (request, reply) => {
    const input = decode(api, deps, request)
    const accepted = await within(deps.deadlineMs, publish(deps, input), tooLate)
    deps.events.replied(undefined)
    return sendJson(reply, 200, padded(success(accepted)), version)
  })
}

function decode(api: PublishApi, { events }: PublishRouteDeps, request: SentRequest): PublishInput {
  const { 'content-type': contentType, 'user-agent': userAgent } = request.headers
  try {
    return api.decode(bodyOf(request), String(contentType ?? ''), platformOf(userAgent ?? ''))
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
