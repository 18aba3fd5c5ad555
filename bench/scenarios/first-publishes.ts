import { type Bench, inRounds } from '../bench.ts'
import { type BenchDatabase, renew, withDatabase } from '../stand/databases.ts'
import { type Service, withService } from '../stand/services.ts'
import { exposure, type Saturation, saturate, warmUp } from './saturate.ts'

const STRETCHES = 5

/** A new deployment: a database that nobody has analysed; with a process that has just started, and with one that is warm. */
export async function benchFirstPublishes(bench: Bench, steadyRate: number): Promise<void> {
  const { stand, sizes, report } = bench
  const { firstPublishes } = sizes
  const rounds = await inRounds(bench, `publish: the first ${firstPublishes}`, () =>
    withDatabase(stand, 'first', (database) =>
      withService(stand, exposure(bench, database), (service) => firsts(bench, service, database)),
    ),
  )
  const limit = { name: '/s steady', rounds: [steadyRate] }
  report.add({
    id: 'publish.first',
    name: `first ${firstPublishes} publishes, never analysed database`,
    unit: '/s',
    better: 'higher',
    rounds: rounds.map(({ warm }) => warm.perSecond),
    limit,
    target: { shareOfLimit: 0.8 },
  })
  report.add({
    id: 'publish.first.cold',
    name: 'the same by a process that has just started',
    unit: '/s',
    better: 'higher',
    rounds: rounds.map(({ cold }) => cold.perSecond),
    limit,
  })
  report.explain('publish.first.perSecondByFifth', {
    warm: rounds.map(({ warm }) => ratesInStretches(warm)),
    cold: rounds.map(({ cold }) => ratesInStretches(cold)),
  })
}

async function firsts(bench: Bench, service: Service, database: BenchDatabase) {
  const { firstPublishes } = bench.sizes
  const cold = await saturate(bench, [service], firstPublishes)
  await warmUp(bench, service)
  await renew(bench.stand, database)
  return { cold, warm: await saturate(bench, [service], firstPublishes) }
}

/** Where the time goes: a process warms up in its first seconds, a bad plan stays. */
function ratesInStretches({ loop }: Saturation): number[] {
  const { dueAt } = loop.samples
  const size = Math.floor(dueAt.length / STRETCHES)
  return Array.from({ length: STRETCHES }, (_, i) => {
    const [from = 0, until = 0] = [dueAt[i * size], dueAt[(i + 1) * size - 1]]
    return Math.round((size * 1000) / (until - from))
  })
}
