import { type Database, sql } from '@ens/database'
import { intervalNumber, utcMidnight } from '@ens/domain'
import { APP, REGION } from './configuration.ts'

/** Publishes that were stored earlier, as if phones had sent them. */
export interface Seed {
  publishes: number
  /** Arrivals are spread evenly from here, truncated windows first to last. */
  from: Date
  /** Exclusive. */
  until: Date
  /** What arrivals are truncated to. */
  windowMs: number
}

const KEYS_EACH = 14
const PUBLISHES_AT_ONCE = 5000

/**
 * Stores keys by the million, each publish with one report type and one onset, in the proportions of a pandemic: 85 % confirmed,
 * 10 % likely, 5 % self-reported; the onset lies one to ten days back, sooner more often than later; three publishes of ten ended
 * their newest key early; one of ten is a traveler's. Indexes are there while the table grows, so that they are as full as in production.
 */
export async function seed(db: Database, given: Seed): Promise<void> {
  for (let first = 0; first < given.publishes; first += PUBLISHES_AT_ONCE)
    await db.transaction(async (tx) => {
      await tx.execute(sql`set local synchronous_commit = off`)
      await tx.execute(insertion(given, first))
    })
}

function insertion({ publishes, from, until, windowMs }: Seed, first: number) {
  const last = Math.min(first + PUBLISHES_AT_ONCE, publishes) - 1
  const windows = Math.max(1, Math.floor((until.getTime() - from.getTime()) / windowMs))
  const yesterday = intervalNumber(utcMidnight(until)) - 144
  return sql`
    with publish as materialized (
      select number,
        ${from}::timestamptz + ${windowMs} * interval '1 millisecond' * (number * ${windows}::bigint / ${publishes}) as created_at,
        random() as kind, random() < 0.1 as traveler, random() < 0.3 as ended_early,
        1 + floor(10 * random() * random())::integer as onset
      from generate_series(${first}::integer, ${last}::integer) as number)
    insert into exposure (exposure_key, transmission_risk, interval_number, interval_count,
      created_at, days_since_symptom_onset, app_package_name, regions, traveler, local_provenance,
      report_type, health_authority_id)
    select decode(md5(number || ' ' || day || ' ' || random()), 'hex'),
      case when kind < 0.85 then 2 when kind < 0.95 then 4 else 0 end,
      ${yesterday}::integer - 144 * day,
      case when day = 0 and ended_early then 1 + floor(random() * 143)::integer else 144 end,
      created_at, onset - day - 1, ${APP}, array[${REGION}], traveler, true,
      (case when kind < 0.85 then 'confirmed' when kind < 0.95 then 'likely'
        else 'user-report' end)::report_type, 1
    from publish, generate_series(0, ${KEYS_EACH - 1}) as day`
}

export async function countKeys(db: Database): Promise<number> {
  const [row] = await db.query<{ keys: number }>(sql`select count(*) as keys from exposure`)
  return row?.keys ?? 0
}

export interface TableSize {
  keys: number
  tableBytes: number
  indexBytes: Record<string, number>
  /** Table, indexes and all that belongs to them. */
  totalBytes: number
}

export async function sizeOfExposures(db: Database): Promise<TableSize> {
  const [row] = await db.query<{ total: number; heap: number }>(sql`
    select pg_total_relation_size('exposure') as total, pg_relation_size('exposure') as heap`)
  const indexes = await db.query<{ name: string; bytes: number }>(sql`
    select indexrelname as name, pg_relation_size(indexrelid) as bytes
    from pg_stat_user_indexes where relname = 'exposure'`)
  return {
    keys: await countKeys(db),
    tableBytes: row?.heap ?? 0,
    indexBytes: Object.fromEntries(indexes.map(({ name, bytes }) => [name, bytes])),
    totalBytes: row?.total ?? 0,
  }
}
