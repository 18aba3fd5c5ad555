import { publishFailed } from '@ens/api'
import type { AppError } from '@ens/errors'
import type { PublishEvents } from './events.ts'
import type { ReplyProfile, ReplySample } from './reply-profile.ts'
import type { Random } from './response-padding.ts'
import { waitUntil } from './wait-until.ts'

export interface ChaffDeps {
  profile: ReplyProfile
  random: Random
  now: () => Date
  /** Milliseconds of a clock that nobody sets. */
  monotonic: () => number
  /** 0: no limit. */
  maxLatencyMs: number
  /** As long as the reply to a publish that anybody might have sent. */
  typicalBody: () => Buffer
}

export interface ChaffReply {
  /** Set while publishes fail for our own reasons: then chaff does too. */
  error: AppError | undefined
  body: Buffer
}

const ENVELOPE_BYTES = '{"padding":""}'.length

/** How long a publish takes on an idle machine with its database beside it, until real ones are known. */
const USUAL_LATENCIES_MS = [4.1, 4.6, 5.0, 5.3, 5.7, 6.2, 6.8, 7.5, 8.6, 10.4, 14.2]

/** Whether a phone sent this only so that nobody can tell when it publishes. */
export function isChaff(headers: Record<string, string | string[] | undefined>): boolean {
  const { 'x-chaff': header } = headers
  return header !== undefined && String(header).trim() !== ''
}

/** How a route answers chaff: as a publish would have been, and with a count. */
export type AnswerChaff = () => Promise<ChaffReply>

export function chaffAnswers(deps: ChaffDeps & { events: PublishEvents }): AnswerChaff {
  return () => {
    const startedAt = deps.monotonic()
    deps.events.chaffAnswered()
    return chaffReply(deps, startedAt)
  }
}

/**
 * The reply to chaff, given when a publish would have been answered: as long, and after as long a time, as that of one of the latest
 * publishes. `startedAt` is when the request was read whole. Asks neither database nor key manager.
 */
export async function chaffReply(deps: ChaffDeps, startedAt: number): Promise<ChaffReply> {
  const { profile, random, now } = deps
  const failure = profile.drawFailure(random.integer, now())
  const sample = failure ?? profile.draw(random.integer) ?? usualSample(deps)
  const body = bodyOfSize(sample.bodyBytes, random)
  await holdBack(deps, startedAt + capped(sample.latencyMs, deps.maxLatencyMs))
  return { error: failure && publishFailed(), body }
}

/** On a busy machine the process comes round late; by about as much this wait ends earlier than it should. */
async function holdBack({ profile, random, monotonic }: ChaffDeps, moment: number): Promise<void> {
  const earlier = moment - profile.drawLateness(random.integer)
  await waitUntil(earlier, monotonic)
  profile.wasLate(monotonic() - earlier)
}

function usualSample({ random, typicalBody }: ChaffDeps): ReplySample {
  const at = random.integer(USUAL_LATENCIES_MS.length - 1)
  const [shorter = 0, longer = 0] = USUAL_LATENCIES_MS.slice(at, at + 2)
  const latencyMs = shorter + ((longer - shorter) * random.integer(1000)) / 1000
  return { latencyMs, bodyBytes: typicalBody().length }
}

function bodyOfSize(bytes: number, random: Random): Buffer {
  const characters = Math.max(0, bytes - ENVELOPE_BYTES)
  const padding = random.bytes(Math.ceil((characters * 3) / 4)).toString('base64')
  return Buffer.from(JSON.stringify({ padding: padding.slice(0, characters) }))
}

function capped(latencyMs: number, maxLatencyMs: number): number {
  return maxLatencyMs > 0 ? Math.min(latencyMs, maxLatencyMs) : latencyMs
}
