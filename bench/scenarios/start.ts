import { setTimeout as pause } from 'node:timers/promises'
import { type Bench, known } from '../bench.ts'
import { bareStart } from '../limits/bare-start.ts'
import { type BenchDatabase, withDatabase } from '../stand/databases.ts'
import { listServices } from '../stand/runtime.ts'
import { withService } from '../stand/services.ts'
import { MB } from './exporting.ts'

interface Start {
  ms: number
  residentBytes: number | undefined
}

/** What a cold request waits for, and what a service takes that does nothing; with logs and metrics on. */
export async function benchStart(bench: Bench): Promise<void> {
  const { stand, sizes, report } = bench
  await withDatabase(stand, 'start', async (database) => {
    report.progress('start: libraries alone')
    const bare = await times(sizes.starts, bareStart)
    for (const service of listServices()) {
      report.progress(`start: ${service}`)
      await startOnce(bench, service, database) // fills its compile cache
      const starts = await times(sizes.starts, () => startOnce(bench, service, database))
      addFigures(bench, { service, starts, bare })
    }
  })
}

async function times<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  while (results.length < count) results.push(await work())
  return results
}

function startOnce(
  { stand, sizes }: Bench,
  name: string,
  { variables }: BenchDatabase,
): Promise<Start> {
  return withService(stand, { name, variables }, async (service) => {
    await pause(sizes.idleMs)
    return { ms: service.startMs, residentBytes: service.memory()?.residentBytes }
  })
}

interface Starts {
  service: string
  starts: readonly Start[]
  bare: number[]
}

function addFigures({ report }: Bench, { service, starts, bare }: Starts): void {
  report.add({
    id: `start.${service}`,
    name: `${service}: from process to first 200`,
    unit: 'ms',
    better: 'lower',
    rounds: starts.map(({ ms }) => ms),
    limit: { name: 'ms fastify, pg and zod alone', rounds: bare },
    target: { atMost: 400 },
  })
  report.add({
    id: `memory.${service}`,
    name: `${service}: memory when idle`,
    unit: 'MB',
    better: 'lower',
    rounds: known(starts.map(({ residentBytes }) => residentBytes)).map((bytes) => bytes / MB),
    target: { atMost: 110 },
  })
}
