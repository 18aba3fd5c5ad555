import { type App, logError, RETRY_AFTER_SECONDS, statusOf } from '@ens/server'
import { type ChaffDeps, chaffReply, isChaff } from './chaff.ts'
import { type Answer, type AnswerDeps, publishAnswers } from './publish-answer.ts'
import type { PublishApi } from './publish-api.ts'
import { readWholeBodies, sendJson } from './raw-json.ts'

export interface PublishRouteDeps extends AnswerDeps, Omit<ChaffDeps, 'typicalBody'> {}

/** Mounts one version of the publish API, for any method. Every reply is JSON, and has the version and padding. */
export function mountPublish(
  app: App,
  path: string,
  api: PublishApi,
  deps: PublishRouteDeps,
): void {
  const { events, profile, now, monotonic } = deps
  const answers = publishAnswers(api, deps)
  const chaff = { ...deps, typicalBody: answers.typicalBody }

  const send = (reply: Parameters<typeof sendJson>[0], { error, body }: Answer) => {
    const status = error ? statusOf(error) : 200
    const retry = status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }
    return sendJson(reply, status, body, { 'x-api-version': api.version, ...retry })
  }
  const remember = ({ error, body }: Answer, latencyMs: number) => {
    const sample = { latencyMs, bodyBytes: body.length }
    if (!error) profile.accepted(sample)
    else if (statusOf(error) === 503) profile.failed(sample, now())
  }

  readWholeBodies(app)
  app.setErrorHandler((thrown, request, reply) => {
    const refusal = answers.refusal(thrown)
    if (refusal.error) logError(request, refusal.error)
    return send(reply, refusal)
  })
  app.all(path, async (request, reply) => {
    const startedAt = monotonic()
    if (isChaff(request.headers)) {
      events.chaffAnswered()
      return send(reply, await chaffReply(chaff, startedAt))
    }
    const answer = await answers.to(request)
    remember(answer, monotonic() - startedAt)
    events.replied(answer.error)
    if (answer.error) logError(request, answer.error)
    return send(reply, answer)
  })
}
