import type { Bench } from '../bench.ts'
import type { LoopResult } from '../load/samples.ts'
import type { BenchDatabase } from '../stand/databases.ts'
import type { Service, ServiceOptions } from '../stand/services.ts'
import { cpuMsOfFamily, isUsageKnown } from '../stand/usage.ts'

/** Phones at once. More than the service has connections to its database, so that these are never idle. */
const PHONES = 32
/** Of the service's pool, as it comes. */
export const DATABASE_CONNECTIONS = 10
export const LIMIT_MS = 300_000

export const exposure = (
  { profileFolder }: Pick<Bench, 'profileFolder'>,
  { variables }: Pick<BenchDatabase, 'variables'>,
): ServiceOptions => ({
  name: 'exposure',
  variables,
  profileFolder,
})

/** What can be loaded: a service, or what it is compared with. */
type Loaded = Pick<Service, 'port' | 'cpuMs'>

/** How many publishes a service takes when it is given all it can take, and what each costs. */
export interface Saturation {
  perSecond: number
  /** Processor time per publish; undefined where it cannot be known. */
  serviceUs: number | undefined
  databaseUs: number | undefined
  loadUs: number
  loop: LoopResult
}

/** Publishes so many times, as fast as the services answer; they share the load and the database. */
export async function saturate(
  { stand, load }: Pick<Bench, 'stand' | 'load'>,
  services: readonly Loaded[],
  publishes: number,
): Promise<Saturation> {
  await load.run('makePublishes', { real: publishes, authority: stand.configuration.authority })
  const costs = startMeter(stand.postgresPid, services)
  const loop = await load.run('publishClosed', {
    ports: services.map(({ port }) => port),
    connections: PHONES,
    limitMs: LIMIT_MS,
  })
  const { serviceMs, databaseMs } = costs()
  mustAllBeTaken(loop)
  const perPublish = (ms: number | undefined) =>
    ms === undefined ? undefined : (ms * 1000) / publishes
  return {
    perSecond: perSecond(loop),
    serviceUs: perPublish(serviceMs),
    databaseUs: perPublish(databaseMs),
    loadUs: (loop.cpuMs * 1000) / publishes,
    loop,
  }
}

/** A new process is slow at first, and so is a new table; returns the rate it has reached. */
export async function warmUp(bench: Bench, service: Loaded): Promise<number> {
  const { warmUpPublishes } = bench.sizes
  await saturate(bench, [service], Math.ceil(warmUpPublishes / 2))
  return (await saturate(bench, [service], Math.ceil(warmUpPublishes / 2))).perSecond
}

export function perSecond({ samples, elapsedMs }: LoopResult): number {
  return (samples.dueAt.length * 1000) / elapsedMs
}

/** A rate of refusals would be no rate of publishes. */
export function mustAllBeTaken({ statuses }: LoopResult): void {
  const others = Object.entries(statuses).filter(([status]) => status !== '200')
  if (others.length === 0) return
  const counts = others.map(([status, count]) => `${count} times ${status}`).join(', ')
  throw new Error(`publishes were not accepted: ${counts}`)
}

/** Reads the processor time of services and database now; the answer says what they have used since. */
export function startMeter(postgresPid: number, services: readonly Pick<Service, 'cpuMs'>[]) {
  const read = () => ({
    service: isUsageKnown ? services.reduce((sum, one) => sum + (one.cpuMs() ?? 0), 0) : undefined,
    database: isUsageKnown ? cpuMsOfFamily(postgresPid) : undefined,
  })
  const before = read()
  return (): { serviceMs: number | undefined; databaseMs: number | undefined } => {
    const after = read()
    return {
      serviceMs: difference(before.service, after.service),
      databaseMs: difference(before.database, after.database),
    }
  }
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}
