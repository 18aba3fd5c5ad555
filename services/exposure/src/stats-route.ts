import { badRequest, decodeStatsBody } from '@ens/api'
import { type Database, exposureStats } from '@ens/database'
import { truncate } from '@ens/domain'
import { type AppError, isAppError } from '@ens/errors'
import {
  type App,
  type Guard,
  logError,
  RETRY_AFTER_SECONDS,
  type Refusals,
  statusOf,
} from '@ens/server'
import { statsTokenInvalid, type VerifyStatsToken } from '@ens/verification'
import { type AnswerChaff, isChaff } from './chaff.ts'
import type { Config } from './config.ts'
import { type DayStats, dailyStats } from './daily-stats.ts'
import { statsUnavailable } from './errors.ts'
import { asJson, bodyOf, readWholeBodies, sendJson } from './raw-json.ts'
import { type Random, responsePadding } from './response-padding.ts'
import { sendTryLater } from './try-later.ts'

export interface StatsDeps {
  db: Database
  config: Pick<Config, 'stats'>
  verifyStatsToken: VerifyStatsToken
  now: () => Date
  random: Random
}

interface MountedStatsDeps extends StatsDeps {
  guard: Guard
  answerChaff: AnswerChaff
}

type Reply = Parameters<typeof sendJson>[0]

const HOUR_MS = 3_600_000
const RETRY = { 'retry-after': String(RETRY_AFTER_SECONDS) }

/** Mounts the statistics API, for any method: a health authority reads how its people publish, by day. */
export function mountStats(app: App, path: string, deps: MountedStatsDeps): void {
  const { padding: size } = deps.config.stats
  const sendError = (reply: Reply, error: AppError) => {
    const status = statusOf(error)
    // What is wrong with a body is told before anything is known of who sent it, and was never padded.
    const padding = error.kind === 'invalid' ? '' : responsePadding(size, deps.random)
    const body = { error: error.message, code: error.code, padding }
    const shown = error.kind === 'invalid' ? 400 : status
    return sendJson(reply, shown, asJson(body), status === 503 ? RETRY : {})
  }
  const refusals: Refusals = {
    overloaded: (reply) => sendError(reply, unavailable(undefined)),
    limited: sendTryLater,
  }
  readWholeBodies(app)
  deps.guard.watch(app, refusals)
  app.setErrorHandler((thrown, request, reply) => {
    const error = statsError(thrown)
    logError(request, error)
    return sendError(reply, error)
  })
  app.all(path, (request, reply) =>
    deps.guard.run(reply, refusals, async () => {
      if (isChaff(request.headers)) {
        const { error, body } = await deps.answerChaff()
        return sendJson(reply, error ? 503 : 200, body, error && RETRY)
      }
      decodeStatsBody(bodyOf(request), request.headers['content-type'])
      const days = await readStats(deps, request.headers.authorization)
      const padding = responsePadding(size, deps.random)
      return sendJson(reply, 200, asJson({ ...(days.length > 0 && { days }), padding }))
    }),
  )
}

/** The hour in progress is left out: a publish of this minute is nobody's business yet. */
async function readStats(
  { db, config, verifyStatsToken, now }: StatsDeps,
  authorization: string | undefined,
): Promise<DayStats[]> {
  const authority = await verifyStatsToken(authorization)
  const at = now()
  const hours = await exposureStats.listHours(db, authority.id, truncate(at, HOUR_MS))
  return dailyStats(hours, config.stats, at)
}

/** What the caller is told: its own mistakes as they are, everything else as something that may work later. */
function statsError(thrown: unknown): AppError {
  if (isAppError(thrown)) return isOwn(thrown) ? thrown : unavailable(thrown)
  const { statusCode = 500, message } = thrown as { statusCode?: number; message: string }
  return statusCode < 500 ? badRequest(message, { cause: thrown }) : unavailable(thrown)
}

function isOwn({ kind, code }: AppError): boolean {
  return kind === 'invalid' || code === statsTokenInvalid.code
}

function unavailable(cause: unknown): AppError {
  return statsUnavailable('error reading stats', { cause })
}
