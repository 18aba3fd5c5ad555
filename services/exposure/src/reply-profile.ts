/** What an observer on the network sees of the reply to a publish. */
export interface ReplySample {
  /** From the end of the request to the beginning of the reply. */
  latencyMs: number
  bodyBytes: number
}

/** How real publishes have looked of late, for replies that must look the same. */
export interface ReplyProfile {
  accepted(sample: ReplySample): void
  /** A publish that was refused for our own reasons. */
  failed(sample: ReplySample, at: Date): void
  /** Whether the database could be asked, in the background. */
  looked(isReachable: boolean): void
  /** One of the latest accepted publishes; undefined until enough are known. */
  draw(random: (limit: number) => number): ReplySample | undefined
  /** A sample of how publishes fail now; undefined while they succeed. */
  drawFailure(random: (limit: number) => number, at: Date): ReplySample | undefined
  /** By how much a reply that was held back went out later than it was meant to. */
  wasLate(ms: number): void
  /** One of the latest such delays: meant so much earlier, the next one is about right. */
  drawLateness(random: (limit: number) => number): number
}

/** So many of the latest are remembered, and needed: with fewer, single publishes could be recognized in what is drawn. */
const REMEMBERED = 100
/** Of what passes quickly, fewer. */
const FEW = 20

/** After a failure, publishes are taken to fail for so long, unless one succeeds. */
const OUTAGE_MS = 10_000

/** How a publish fails when nothing is known of any: at once. */
const SUDDEN_FAILURE: ReplySample = { latencyMs: 3, bodyBytes: 2300 }

export function replyProfile(): ReplyProfile {
  const accepted = latest<ReplySample>(REMEMBERED)
  const failures = latest<ReplySample>(FEW)
  const lateness = latest<number>(FEW)
  let outageUntil = 0
  let isReachable = true
  return {
    accepted(sample) {
      accepted.add(sample)
      outageUntil = 0
      isReachable = true
    },
    failed(sample, at) {
      failures.add(sample)
      outageUntil = at.getTime() + OUTAGE_MS
    },
    looked(answered) {
      isReachable = answered
    },
    draw: (random) => (accepted.count() < REMEMBERED ? undefined : accepted.draw(random)),
    drawFailure(random, at) {
      if (isReachable && at.getTime() >= outageUntil) return undefined
      return failures.draw(random) ?? SUDDEN_FAILURE
    },
    wasLate: lateness.add,
    drawLateness: (random) => lateness.draw(random) ?? 0,
  }
}

/** The latest few of many. */
function latest<T>(size: number) {
  const samples: T[] = []
  let next = 0
  return {
    add(sample: T) {
      samples[next] = sample
      next = (next + 1) % size
    },
    count: () => samples.length,
    draw: (random: (limit: number) => number) =>
      samples.length === 0 ? undefined : samples[random(samples.length)],
  }
}
