import { setTimeout as pause } from 'node:timers/promises'
import { type Lane, type LoopResult, recorder } from './samples.ts'

export interface LoopOptions {
  /** The loop fails when it takes longer; nothing runs for ever. */
  limitMs: number
  /** For telling samples apart; 0 for all if not given. */
  kindOf?: (position: number) => number
}

/** Keeps every lane busy until the work is done: what is measured is how much the server can take. */
export async function closedLoop<Work>(
  lanes: readonly Lane<Work>[],
  works: readonly Work[],
  { limitMs, kindOf = () => 0 }: LoopOptions,
): Promise<LoopResult> {
  const record = recorder(works.length)
  let next = 0
  const work = async (lane: Lane<Work>) => {
    while (next < works.length) {
      const position = next++
      const dueAt = performance.now()
      record.add(await lane.send(works[position] as Work), dueAt, kindOf(position))
    }
  }
  await within(limitMs, Promise.all(lanes.map(work)))
  return record.result()
}

/**
 * Sends the work at random moments, so many a second in the mean, whether earlier replies have come or not: what is measured
 * is how long phones wait. A request that finds every lane busy waits for one, and that counts.
 */
export async function openLoop<Work>(
  lanes: readonly Lane<Work>[],
  works: readonly Work[],
  { perSecond, limitMs, kindOf = () => 0 }: LoopOptions & { perSecond: number },
): Promise<LoopResult> {
  const record = recorder(works.length)
  const free = [...lanes]
  const waiting: { position: number; dueAt: number }[] = []
  const ended = Promise.withResolvers<void>()
  let answered = 0
  const use = async (lane: Lane<Work>) => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      record.add(await lane.send(works[one.position] as Work), one.dueAt, kindOf(one.position))
      answered++
    }
    free.push(lane)
    if (answered === works.length) ended.resolve()
  }
  const dispatch = async () => {
    let dueAt = performance.now()
    for (let position = 0; position < works.length; position++) {
      dueAt += (-Math.log(1 - Math.random()) * 1000) / perSecond
      while (performance.now() < dueAt) await pause(Math.max(1, dueAt - performance.now()))
      waiting.push({ position, dueAt })
      // The one that has rested longest, so that none rests until the server closes it.
      const lane = free.shift()
      if (lane) use(lane).catch(ended.reject)
    }
  }
  await within(limitMs, Promise.all([dispatch(), ended.promise]))
  return record.result()
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController()
  const late = pause(limitMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`the load did not end within ${limitMs} ms`)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
    late.catch(() => {})
  }
}
