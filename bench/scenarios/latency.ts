import { type Bench, inRounds } from '../bench.ts'
import type { LoopResult } from '../load/samples.ts'
import { quantile } from '../report/statistics.ts'
import type { BenchDatabase } from '../stand/databases.ts'
import type { Service } from '../stand/services.ts'
import { DATABASE_CONNECTIONS, LIMIT_MS, mustAllBeTaken } from './saturate.ts'

/** Enough that a phone never waits for a connection. */
export const OPEN_CONNECTIONS = 128

interface Parts {
  bare: BenchDatabase
  service: Service
  perSecond: number
}

/** How long phones wait when they come at random, half as many as the service could take. */
export async function benchLatency(
  bench: Bench,
  { bare, service, perSecond }: Parts,
): Promise<void> {
  const { stand, load, sizes, report } = bench
  const count = Math.ceil(perSecond * sizes.roundSeconds)
  const { authority, healthAuthorityId } = stand.configuration
  const rounds = await inRounds(
    bench,
    `publish: ${Math.round(perSecond)} publishes a second`,
    async () => {
      await load.run('makeStatements', { count, healthAuthorityId })
      const { url } = bare
      const lanes = { perSecond, limitMs: LIMIT_MS }
      const limit = await load.run('bareOpen', { ...lanes, url, connections: DATABASE_CONNECTIONS })
      await load.run('makePublishes', { real: count, authority })
      const loop = await load.run('publishOpen', {
        ...lanes,
        ports: [service.port],
        connections: OPEN_CONNECTIONS,
      })
      mustAllBeTaken(loop)
      return { limit, loop }
    },
  )
  const latencies = (share: number, which: 'limit' | 'loop') =>
    rounds.map((round) => latency(round[which], share))
  for (const [id, share, target] of [
    ['p50', 0.5, undefined],
    ['p99', 0.99, { atMost: 15 }],
  ] as const)
    report.add({
      id: `publish.${id}`,
      name: `${id} of a publish at half of saturation`,
      unit: 'ms',
      better: 'lower',
      rounds: latencies(share, 'loop'),
      limit: { name: 'ms bare driver', rounds: latencies(share, 'limit') },
      target,
    })
  report.explain('publish.halfOfSaturation', { perSecond })
}

/** From when a request was due: what a phone waits. */
function latency({ samples }: LoopResult, share: number): number {
  return quantile(samples.latencyMs, share)
}
