import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { loadConfig } from '@ens/config'
import {
  createDatabase,
  type DatabaseConfig,
  databaseConfig,
  migrate,
  openDatabase,
} from '@ens/database'
import { startPostgres } from '@ens/embedded-postgres'
import { openKeyManager } from '@ens/keys'
import { z } from 'zod'
import { apiPages } from './api-pages.ts'
import { openBlobs } from './blobs.ts'
import { catchUp } from './catch-up.ts'
import { type Origin, startCdn } from './cdn.ts'
import { checkPorts } from './check-ports.ts'
import { type LocalConfig, portsByVariable } from './config.ts'
import {
  configureDemo,
  type DemoConfiguration,
  type ExportKey,
  exportKeys,
} from './demo-configuration.ts'
import { adminVariables, type Demo, describeDemo } from './demo-file.ts'
import { describeEnd } from './describe-end.ts'
import type { Fleet } from './fleet.ts'
import { type LocalFolder, rotateLog, writePrivate } from './folder.ts'
import { keepLogsSmall } from './keep-logs-small.ts'
import { type Scheduler, startScheduler } from './scheduler.ts'
import { type Service, startService } from './service.ts'
import type { Terminal } from './terminal.ts'
import {
  cleanupExportVariables,
  cleanupExposureVariables,
  DATABASE_NAME,
  databaseVariables,
  exportVariables,
  exposureVariables,
  jwksVariables,
  keyRotationVariables,
  type Surroundings,
  type Variables,
} from './variables.ts'

const JOBS_EVERY_MS = 1_000
const CLEANUPS_EVERY_MS = 60_000
const KEYS_EVERY_MS = 60_000

/** The services of the fleet, by the names of their folders. */
const SERVICES = [
  'exposure',
  'export',
  'cleanup-exposure',
  'cleanup-export',
  'key-rotation',
  'jwks',
] as const

type ServiceName = (typeof SERVICES)[number]

export interface LocalOptions {
  config: LocalConfig
  folder: LocalFolder
  /** The module that runs each service. */
  entries: Record<ServiceName, string>
  /** What the services get beside their own variables, which win. */
  environment: NodeJS.ProcessEnv
  fleet: Fleet
  terminal: Terminal
  now: () => Date
}

export interface Local {
  demo: Demo
  /** The keys that may vouch for archives. */
  publicKeys: readonly ExportKey[]
  scheduler: Scheduler
  /** Where the database's files are; not in the folder if the user it runs as cannot get there. */
  dataDirectory: string
  /** Of the blob store itself, if it is not a folder. */
  blobstoreUrl: string | undefined
}

/** Brings up the whole fleet, a member at a time, and writes down how to reach it. */
export async function startLocal(options: LocalOptions): Promise<Local> {
  const { config, fleet, folder, terminal } = options
  await checkPorts(portsByVariable(config))
  const postgres = await terminal.during('starting PostgreSQL', addPostgres(options))
  const blobs = await terminal.during('opening the blob store', openBlobs(options))
  const jobToken = await keptToken(folder.file('job-token'))
  const blobVariables = blobs.variables
  const surroundings: Surroundings = { config, folder, postgres, jobToken, blobVariables }
  const { configuration, publicKeys } = await terminal.during(
    'preparing the database',
    prepare(options, surroundings),
  )
  const demo = describeDemo(configuration, surroundings, postgres.url(DATABASE_NAME))
  await terminal.during('starting the services', addServices(options, surroundings, blobs.origin))
  const scheduler = addScheduler(options, demo)
  fleet.add(keepLogsSmall(['postgres', 'azurite', ...SERVICES].map(folder.logOf)))
  await writePrivate(folder.file('demo.json'), `${JSON.stringify(demo, null, 2)}\n`)
  const { dataDirectory } = postgres
  return { demo, publicKeys, scheduler, dataDirectory, blobstoreUrl: blobs.url }
}

async function addPostgres({ config, folder, fleet }: LocalOptions) {
  const logFile = folder.logOf('postgres')
  await rotateLog(logFile)
  const postgres = await startPostgres({
    dataDirectory: folder.database,
    logFile,
    port: config.databasePort,
  })
  const ended = postgres.ended.then(({ code }) => describeEnd('PostgreSQL', code, logFile))
  fleet.add({ name: 'postgres', ended, stop: () => postgres.stop() })
  return postgres
}

/** The newest schema, and all that a publish and an export need. */
async function prepare(
  { folder, now }: LocalOptions,
  surroundings: Surroundings,
): Promise<{ configuration: DemoConfiguration; publicKeys: ExportKey[] }> {
  const config = databaseSettings(surroundings)
  await createDatabase(config)
  await migrate(config)
  const db = openDatabase(config)
  try {
    const keys = { keyManager: 'FILESYSTEM', filesystemRoot: folder.keys } as const
    const keyManager = await openKeyManager(keys, now)
    const configuration = await configureDemo({ db, keyManager, now }, folder)
    await catchUp(db, now())
    await writePrivate(folder.file('admin.env'), adminVariables(surroundings))
    return { configuration, publicKeys: await exportKeys({ db, keyManager }) }
  } finally {
    await db.close()
  }
}

function databaseSettings(surroundings: Surroundings): DatabaseConfig {
  return loadConfig(z.object({ database: databaseConfig }), databaseVariables(surroundings))
    .database
}

async function addServices(
  options: LocalOptions,
  surroundings: Surroundings,
  origin: Origin,
): Promise<void> {
  const { config, fleet } = options
  const cdn = await startCdn(origin, config.cdnPort, apiPages())
  fleet.add({ name: 'cdn', stop: () => cdn.close() })
  const starts = {
    exposure: [config.exposurePort, exposureVariables],
    export: [config.exportPort, exportVariables],
    'cleanup-exposure': [config.cleanupExposurePort, cleanupExposureVariables],
    'cleanup-export': [config.cleanupExportPort, cleanupExportVariables],
    'key-rotation': [config.keyRotationPort, keyRotationVariables],
    jwks: [config.jwksPort, jwksVariables],
  } as const satisfies Record<ServiceName, unknown>
  const services = await Promise.all(
    SERVICES.map((name) => {
      const [port, variables] = starts[name]
      return addService(options, name, port, variables(surroundings))
    }),
  )
  await Promise.all(services.map((service) => service.healthy()))
}

async function addService(
  { entries, environment, fleet, folder }: LocalOptions,
  name: ServiceName,
  port: number,
  variables: Variables,
): Promise<Service> {
  const service = await startService({
    name,
    entry: entries[name],
    env: { ...environment, ...variables },
    logFile: folder.logOf(name),
    healthUrl: `http://127.0.0.1:${port}/health`,
  })
  return fleet.add(service)
}

function addScheduler({ fleet, terminal }: LocalOptions, demo: Demo): Scheduler {
  const scheduler = startScheduler({
    jobs: [
      { name: 'create-batches', url: demo.createBatchesUrl, everyMs: JOBS_EVERY_MS },
      { name: 'do-work', url: demo.doWorkUrl, everyMs: JOBS_EVERY_MS },
      { name: 'cleanup-exposure', url: demo.cleanupExposureUrl, everyMs: CLEANUPS_EVERY_MS },
      { name: 'cleanup-export', url: demo.cleanupExportUrl, everyMs: CLEANUPS_EVERY_MS },
      { name: 'rotate-keys', url: demo.rotateKeysUrl, everyMs: KEYS_EVERY_MS },
      { name: 'jwks', url: demo.jwksUrl, everyMs: KEYS_EVERY_MS },
    ],
    token: demo.jobToken,
    log: (line) => terminal.line(`scheduler: ${line}`),
  })
  fleet.add({ name: 'scheduler', stop: () => scheduler.stop() })
  return scheduler
}

/** Kept, so that who has read it once need not read it again after a restart. */
async function keptToken(file: string): Promise<string> {
  const known = (await readFile(file, 'utf8').catch(() => '')).trim()
  if (known) return known
  const token = randomBytes(24).toString('hex')
  await writePrivate(file, `${token}\n`)
  return token
}
