import { type Bench, inRounds } from '../bench.ts'
import { withDatabase } from '../stand/databases.ts'
import { withService } from '../stand/services.ts'
import { exposure, type Saturation, saturate } from './saturate.ts'

const STRETCHES = 5

/** A new deployment: a database that nobody has analysed, and a service that has just started. */
export async function benchFirstPublishes(bench: Bench, steadyRate: number): Promise<void> {
  const { stand, sizes, report } = bench
  const { firstPublishes } = sizes
  const rounds = await inRounds(bench, `publish: the first ${firstPublishes}`, () =>
    withDatabase(stand, 'first', (database) =>
      withService(stand, exposure(bench, database), (service) =>
        saturate(bench, [service], firstPublishes),
      ),
    ),
  )
  report.add({
    id: 'publish.first',
    name: `first ${firstPublishes} publishes, never analysed database, new process`,
    unit: '/s',
    better: 'higher',
    rounds: rounds.map(({ perSecond }) => perSecond),
    limit: { name: '/s steady', rounds: [steadyRate] },
    target: { shareOfLimit: 0.8 },
  })
  report.explain('publish.first.perSecondByFifth', rounds.map(ratesInStretches))
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
