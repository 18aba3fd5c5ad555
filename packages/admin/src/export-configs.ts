import { exportConfigs, signatureInfos, type Transaction } from '@ens/database'
import { type ExportConfig, validateExportConfig } from '@ens/domain'
import type { ChangeDeps, ConfigDeps } from './deps.ts'
import { invalidInput, nameTaken } from './errors.ts'
import { type Changes, found, regions, required, unlessTaken, withChanges } from './input.ts'

export interface ExportConfigInput {
  bucketName: string
  /** Prefix of all object names, such as `mx`. */
  filenameRoot: string
  /** Length of a window; divides a day. Phones import 15 to 20 files a day, so not under 4 h in production. */
  periodSeconds: number
  outputRegion: string
  /** Empty: the output region. */
  inputRegions?: readonly string[] | undefined
  excludeRegions?: readonly string[] | undefined
  includeTravelers?: boolean | undefined
  onlyNonTravelers?: boolean | undefined
  from?: Date | undefined
  thru?: Date | undefined
  signatureInfoIds: readonly number[]
  /** Most keys in one file; 0 or undefined leaves it to the service. */
  maxRecordsOverride?: number | undefined
}

/** Sets up an export. Throws `invalid_input`, `invalid_export_config`, `name_taken`. */
export async function createExportConfig(
  { db, now }: ChangeDeps,
  input: ExportConfigInput,
): Promise<number> {
  return db.transaction(async (tx) => {
    const config = await checked({ db: tx, now }, input)
    await checkPlace(tx, config, undefined)
    return unlessTaken(placeOf(config), () => exportConfigs.insert(tx, config))
  })
}

/** Changes what is given and keeps the rest. Windows whose batch exists keep the terms they were made with. */
export async function updateExportConfig(
  { db, now }: ChangeDeps,
  id: number,
  changes: Changes<ExportConfigInput>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const known = found(`export config ${id}`, await exportConfigs.lock(tx, id))
    const config = await checked({ db: tx, now }, withChanges<ExportConfigInput>(known, changes))
    await checkPlace(tx, config, id)
    await unlessTaken(placeOf(config), () => exportConfigs.update(tx, { id, ...config }))
  })
}

/** Lets the export run until then, and no longer. */
export async function endExportConfig(deps: ChangeDeps, id: number, thru: Date): Promise<void> {
  await updateExportConfig(deps, id, { thru })
}

/** A place is free only when the archives of whoever wrote there are gone. */
async function checkPlace(
  tx: Transaction,
  config: Omit<ExportConfig, 'id'>,
  id: number | undefined,
): Promise<void> {
  const user = await exportConfigs.findUserOfPlace(tx, config, id)
  if (user === undefined) return
  const { bucketName, filenameRoot } = config
  throw nameTaken(
    `export config ${user} still has archives at ${filenameRoot} in ${bucketName}; take another place`,
  )
}

export async function getExportConfig(
  { db }: Pick<ConfigDeps, 'db'>,
  id: number,
): Promise<ExportConfig> {
  return found(`export config ${id}`, await exportConfigs.find(db, id))
}

async function checked(
  { db, now }: ConfigDeps,
  input: ExportConfigInput,
): Promise<Omit<ExportConfig, 'id'>> {
  const ids = [...new Set(input.signatureInfoIds)]
  if (ids.length === 0)
    throw invalidInput('an export needs a signature info: phones refuse archives without signature')
  const known = new Set((await signatureInfos.listByIds(db, ids)).map(({ id }) => id))
  const unknown = ids.filter((id) => !known.has(id))
  if (unknown.length > 0) throw invalidInput(`there is no signature info ${unknown.join(', ')}`)
  const config = {
    bucketName: required('the bucket', input.bucketName),
    filenameRoot: required('the filename root', input.filenameRoot),
    periodSeconds: input.periodSeconds,
    outputRegion: regions('the output region', [input.outputRegion])[0] ?? '',
    inputRegions: regions('the input regions', input.inputRegions ?? []),
    excludeRegions: regions('the excluded regions', input.excludeRegions ?? []),
    includeTravelers: input.includeTravelers ?? false,
    onlyNonTravelers: input.onlyNonTravelers ?? false,
    from: input.from ?? now(),
    thru: input.thru,
    signatureInfoIds: ids,
    maxRecordsOverride: input.maxRecordsOverride || undefined,
  }
  validateExportConfig(config)
  return config
}

function placeOf(config: Pick<ExportConfig, 'bucketName' | 'filenameRoot'>): string {
  return `an export config that writes to ${config.filenameRoot} in ${config.bucketName}`
}
