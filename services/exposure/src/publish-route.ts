import { publishFailed } from '@ens/api'
import {
  type App,
  type Guard,
  logError,
  RETRY_AFTER_SECONDS,
  type Refusals,
  statusOf,
} from '@ens/server'
import { type ChaffDeps, chaffAnswers, isChaff } from './chaff.ts'
import {
  type Answer,
  type AnswerDeps,
  type PublishAnswers,
  publishAnswers,
} from './publish-answer.ts'
import type { PublishApi } from './publish-api.ts'
import { readWholeBodies, sendJson } from './raw-json.ts'
import { sendTryLater } from './try-later.ts'

export interface PublishRouteDeps extends AnswerDeps, Omit<ChaffDeps, 'typicalBody'> {}

type Reply = Parameters<typeof sendJson>[0]
type PublishCall = Parameters<PublishAnswers['to']>[0] & Parameters<typeof logError>[0]

/** Mounts one version of the publish API, for any method. Every reply is JSON with the version and padding, but those beyond the limit of an address. */
export function mountPublish(
  app: App,
  path: string,
  api: PublishApi,
  deps: PublishRouteDeps & { guard: Guard },
): void {
  const { events, profile, now, monotonic, guard } = deps
  const answers = publishAnswers(api, deps)
  const answerChaff = chaffAnswers({ ...deps, typicalBody: answers.typicalBody })

  const send = (reply: Reply, { error, body }: Answer) => {
    const status = error ? statusOf(error) : 200
    const retry = status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }
    return sendJson(reply, status, body, { 'x-api-version': api.version, ...retry })
  }
  const remember = ({ error, body }: Answer, latencyMs: number) => {
    const sample = { latencyMs, bodyBytes: body.length }
    if (!error) profile.accepted(sample)
    else if (statusOf(error) === 503) profile.failed(sample, now())
  }

  // Before anything tells chaff from a publish, and not remembered: to chaff it would look like an outage.
  const refusals: Refusals = {
    overloaded: (reply) => send(reply, answers.refusal(publishFailed())),
    limited: sendTryLater,
  }
  const answerPublish = async (request: PublishCall, reply: Reply) => {
    const startedAt = monotonic()
    const answer = await answers.to(request)
    remember(answer, monotonic() - startedAt)
    events.replied(answer.error)
    if (answer.error) logError(request, answer.error)
    return send(reply, answer)
  }

  readWholeBodies(app)
  guard.watch(app, refusals)
  app.setErrorHandler((thrown, request, reply) => {
    const refusal = answers.refusal(thrown)
    if (refusal.error) logError(request, refusal.error)
    return send(reply, refusal)
  })
  app.all(path, (request, reply) =>
    guard.run(reply, refusals, async () =>
      isChaff(request.headers) ? send(reply, await answerChaff()) : answerPublish(request, reply),
    ),
  )
}
