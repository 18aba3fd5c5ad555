import { PARTIAL_FAILURE, type PublishReply, publishFailed } from '@ens/api'
import { platformOf } from '@ens/domain'
import type { AppError } from '@ens/errors'
import type { Config } from './config.ts'
import { type AcceptedPublish, type PublishDeps, type PublishInput, publish } from './publish.ts'
import type { PublishApi } from './publish-api.ts'
import { publicText, publishError } from './publish-errors.ts'
import { asJson, bodyOf } from './raw-json.ts'
import { RefusedPublish } from './refused-publish.ts'
import { type Random, responsePadding } from './response-padding.ts'
import { within } from './within.ts'

export interface AnswerDeps extends PublishDeps {
  config: Pick<Config, 'publish' | 'padding'>
  random: Random
  /** A publish that is not stored by then is refused, and may be sent again. */
  deadlineMs: number
}

interface SentRequest {
  body: unknown
  headers: Record<string, string | string[] | undefined> & { 'user-agent'?: string | undefined }
}

/** What goes out. */
export interface Answer {
  /** Undefined for a success. */
  error: AppError | undefined
  /** JSON, with padding. */
  body: Buffer
}

/** How one version of the publish API answers. */
export interface PublishAnswers {
  /** Never throws: what went wrong is an answer too. */
  to(request: SentRequest): Promise<Answer>
  refusal(thrown: unknown): Answer
  /** As long as the answer to a publish that anybody might have sent. */
  typicalBody(): Buffer
}

/** As many characters as the token of one publish has. */
const TYPICAL_TOKEN = 'A'.repeat(1244)

export function publishAnswers(api: PublishApi, deps: AnswerDeps): PublishAnswers {
  const { config, random, deadlineMs } = deps
  const padded = (reply: PublishReply) =>
    asJson(api.render({ ...reply, padding: responsePadding(config.padding, random) }))

  function refusal(thrown: unknown): Answer {
    const { cause, warnings } = refusalOf(thrown)
    const error = publishError(cause)
    return { error, body: padded({ error: publicText(error), code: error.code, warnings }) }
  }

  return {
    async to(request) {
      try {
        const input = decode(api, deps, request)
        const accepted = await within(deadlineMs, publish(deps, input), tooLate)
        return { error: undefined, body: padded(success(accepted)) }
      } catch (error) {
        return refusal(error)
      }
    },
    refusal,
    typicalBody: () => padded({ revisionToken: TYPICAL_TOKEN, insertedExposures: 14 }),
  }
}

function decode(api: PublishApi, { events }: PublishDeps, request: SentRequest): PublishInput {
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
