import { fileURLToPath } from 'node:url'
import { loadConfig } from '@ens/config'
import { whenStarterGone } from '@ens/embedded-postgres'
import { isAppError } from '@ens/errors'
import {
  createFleet,
  DEMO,
  describeFleet,
  describeFound,
  describeListed,
  describePublished,
  describeRevised,
  describeRevisionFound,
  findAsPhone,
  findRevisedAsPhone,
  type Local,
  localConfig,
  NEXT_STEPS,
  openFolder,
  openTerminal,
  type ProofDeps,
  type Published,
  publishAsPhone,
  readListed,
  reviseAsPhone,
  startLocal,
} from '@ens/local'

// The whole fleet on this machine: brings it up, proves that a phone's keys reach a verified archive, and stays.

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const now = () => new Date()
const terminal = openTerminal(process.stdout)
const fleet = createFleet()
const stopping = new AbortController()

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void stop(signal, 0))
whenStarterGone(() => void stop('what started this has gone', 0))
process.stdout.on('error', () => {}) // a closed terminal
void fleet.brokenBy.then((sentence) => stop(sentence, 1))

try {
  await run()
} catch (error) {
  if (!stopping.signal.aborted) await stop(messageOf(error), 1)
}

async function run(): Promise<void> {
  const config = loadConfig(localConfig, process.env)
  const folder = await openFolder(at('.local'), DEMO.bucket, config.blobstore)
  const entries = {
    exposure: at('services/exposure/src/main.ts'),
    export: at('services/export/src/main.ts'),
    'cleanup-exposure': at('services/cleanup-exposure/src/main.ts'),
    'cleanup-export': at('services/cleanup-export/src/main.ts'),
    'key-rotation': at('services/key-rotation/src/main.ts'),
    jwks: at('services/jwks/src/main.ts'),
  }
  const environment = process.env
  const local = await startLocal({ config, folder, entries, environment, fleet, terminal, now })
  terminal.line(`The key server is up, ${seconds()} s after its start.\n`)
  terminal.line(`${describeFleet(local, config, folder)}\n`)
  const deps = proofDeps(local)
  const { published, archives } = await tellingFailures(local, prove(deps))
  await reviseAsPhone(deps, published)
  terminal.line(describeRevised(published))
  terminal.line(`\n${NEXT_STEPS}\n`)
  await proveRevision(deps, published, archives).catch(goOn)
}

/** Of a proof that fails, the jobs that fail are a likely cause. */
async function tellingFailures<T>({ scheduler }: Local, proof: Promise<T>): Promise<T> {
  try {
    return await proof
  } catch (error) {
    for (const failure of scheduler.failures()) terminal.line(`scheduler: ${failure}`)
    throw error
  }
}

/** Somebody may be at work in the fleet by now, so it stays; its exit status will tell. */
function goOn(error: unknown): void {
  if (stopping.signal.aborted) return
  terminal.line(messageOf(error))
  process.exitCode = 1
}

function proofDeps({ demo, publicKeys }: Local): ProofDeps {
  const releasesSameDayKeys = /^(1|t|T|true|True|TRUE)$/.test(
    process.env.DEBUG_RELEASE_SAME_DAY_KEYS ?? '',
  )
  return { demo, publicKeys, releasesSameDayKeys, now, signal: stopping.signal }
}

/** A phone's keys in, an archive out: the whole path, with what other clients use. */
async function prove(deps: ProofDeps): Promise<{ published: Published; archives: string[] }> {
  const listed = await terminal.during('verifying what is listed', readListed(deps))
  if (listed.archives > 0) terminal.line(describeListed(listed))
  const published = await publishAsPhone(deps)
  terminal.line(describePublished(published))
  const archives = await terminal.during(
    'waiting for its keys to reach an archive (about 40 s)',
    findAsPhone(deps, published, listed.last),
  )
  terminal.line(`${describeFound(published, archives, deps.demo)} ${seconds()} s after the start.`)
  return { published, archives }
}

/** The same for the revision of those keys, while the system is ready for others. */
async function proveRevision(
  deps: ProofDeps,
  published: Published,
  firstSeen: readonly string[],
): Promise<void> {
  const archives = await findRevisedAsPhone(deps, published, firstSeen)
  terminal.line(`${describeRevisionFound(published, archives)} ${seconds()} s after the start.`)
}

/** Ends everything in order and then this process. Who is impatient sends another signal: nothing outlives us. */
async function stop(why: string, code: number): Promise<void> {
  if (stopping.signal.aborted) process.exit(code)
  stopping.abort()
  terminal.line(code === 0 ? `Stopping (${why}).` : why)
  await terminal.during('stopping', fleet.stop())
  terminal.line('Everything is stopped.')
  process.exit(code || process.exitCode)
}

function messageOf(error: unknown): string {
  if (isAppError(error)) return `${error.message} (${error.code})`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function seconds(): string {
  return (performance.now() / 1_000).toFixed(1)
}
