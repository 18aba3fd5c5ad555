import { setTimeout as pause } from 'node:timers/promises'
import { type ExposureUnderTest, startExposure } from './exposure-under-test.ts'
import { kolmogorovSmirnov, quantile } from './kolmogorov-smirnov.ts'
import { type Answer, hangUp, send } from './requests.ts'
import { slowLink } from './slow-link.ts'

/** Of each kind, in each situation. */
const SAMPLES = Number(process.argv[2] ?? 1000)
/**
 * A publish and chaff that can be told apart better than this fail the bench: 0.15 at 1000 of each. The second part is what chance
 * alone exceeds once in a hundred times, the first what a busy machine may add.
 */
const LARGEST_STATISTIC = 0.08 + 1.63 * Math.sqrt(2 / SAMPLES)
const WARM_UP = 300

interface Measured {
  real: Answer[]
  chaff: Answer[]
}

/** Publishes and chaff in random order. `gapMs` is how long after one the next is sent; whether to wait for its reply first. */
async function measure(
  exposure: ExposureUnderTest,
  { gapMs, waits }: { gapMs: () => number; waits: boolean },
): Promise<Measured> {
  const bodies = exposure.makeBodies(2 * SAMPLES)
  const measured: Measured = { real: [], chaff: [] }
  const pending: Promise<unknown>[] = []
  let next = performance.now()
  for (const [i, body] of bodies.entries()) {
    const isChaff = i % 2 === 0 ? Math.random() < 0.5 : measured.chaff.length < measured.real.length
    const answer = send(exposure.port, body, isChaff).then((one) =>
      measured[isChaff ? 'chaff' : 'real'].push(one),
    )
    if (waits) await answer
    pending.push(answer)
    next += gapMs()
    const ahead = (waits ? performance.now() + gapMs() : next) - performance.now()
    if (ahead > 0) await pause(ahead)
  }
  await Promise.all(pending)
  return measured
}

/** Requests a second, every other one chaff, that the service answers when 32 are always under way. */
async function capacity(exposure: ExposureUnderTest): Promise<number> {
  const bodies = exposure.makeBodies(3000)
  const startedAt = performance.now()
  const worker = async () => {
    for (let body = bodies.pop(); body; body = bodies.pop())
      await send(exposure.port, body, bodies.length % 2 === 0)
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  return (3000 * 1000) / (performance.now() - startedAt)
}

async function warmUp(exposure: ExposureUnderTest): Promise<void> {
  for (const body of exposure.makeBodies(WARM_UP)) await send(exposure.port, body, false)
}

function report(name: string, { real, chaff }: Measured): boolean {
  const statuses = new Set([...real, ...chaff].map(({ status }) => status))
  const latencies = (answers: Answer[]) => answers.map(({ latencyMs }) => latencyMs)
  const sizes = (answers: Answer[]) => answers.map(({ bodyBytes }) => bodyBytes)
  const latency = kolmogorovSmirnov(latencies(real), latencies(chaff))
  const size = kolmogorovSmirnov(sizes(real), sizes(chaff))
  const quantiles = (answers: Answer[]) =>
    [0.1, 0.5, 0.9, 0.99].map((share) => quantile(latencies(answers), share).toFixed(1)).join(' / ')
  console.log(
    [
      name.padEnd(22),
      `KS latency ${latency.toFixed(3)}`,
      `size ${size.toFixed(3)}`,
      `real ${quantiles(real)} ms`,
      `chaff ${quantiles(chaff)} ms`,
      `n ${real.length} + ${chaff.length}`,
      `status ${[...statuses].join(' ')}`,
    ].join('   '),
  )
  return latency <= LARGEST_STATISTIC && size <= LARGEST_STATISTIC && statuses.size === 1
}

/** Arrivals that know nothing of each other. */
const atRandom = (perSecond: number) => ({
  gapMs: () => (-Math.log(1 - Math.random()) * 1000) / perSecond,
  waits: false,
})

const IDLE = { gapMs: () => 5 + Math.random() * 10, waits: true }
const SLOW = { minMs: 10, maxMs: 40 }
/** Ten connections with 50 ms to and fro carry 200 publishes a second; half of what comes is chaff. */
const SLOW_PER_SECOND = 0.6 * 2 * 200

const exposure = await startExposure()
const passed: boolean[] = []
try {
  await warmUp(exposure)
  passed.push(report('idle', await measure(exposure, IDLE)))
  const perSecond = await capacity(exposure)
  console.log(`capacity: ${perSecond.toFixed(0)} requests a second, half of them chaff`)
  passed.push(report('80 % load', await measure(exposure, atRandom(0.8 * perSecond))))
  const link = await slowLink(exposure.databasePort, SLOW)
  await exposure.restart(link.port)
  await warmUp(exposure)
  passed.push(report('idle, slow database', await measure(exposure, IDLE)))
  passed.push(report('load, slow database', await measure(exposure, atRandom(SLOW_PER_SECOND))))
  link.close()
} finally {
  hangUp()
  await exposure.stop()
}
if (passed.includes(false)) process.exitCode = 1
