import { mkdir, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Bench, Scenario } from './bench.ts'
import { startLoad } from './load/process.ts'
import type { Options } from './options.ts'
import { costliest, readLargestProfile } from './report/profile.ts'
import { type Collected, collect } from './report/report.ts'
import { commitOf, describeMachine, type Result, writeResult } from './report/result.ts'
import { table } from './report/table.ts'
import { benchChaff } from './scenarios/chaff.ts'
import { benchCleanUp } from './scenarios/cleanup.ts'
import { benchExport } from './scenarios/export.ts'
import { benchPublish } from './scenarios/publish.ts'
import { benchStart } from './scenarios/start.ts'
import { listServices, prepareRuntime, ROOT } from './stand/runtime.ts'
import { openStand, type Stand } from './stand/stand.ts'

/** By the name under which they are asked for, with the services they start. Import and federation come with theirs. */
export const SCENARIOS: Record<string, { run: Scenario; services: readonly string[] }> = {
  publish: { run: benchPublish, services: ['exposure'] },
  export: { run: benchExport, services: ['export'] },
  cleanup: { run: benchCleanUp, services: ['exposure', 'cleanup-exposure'] },
  chaff: { run: benchChaff, services: ['exposure'] },
  start: { run: benchStart, services: listServices() },
}

const RESULTS = join(ROOT, 'bench', 'results')

/** Runs the scenarios that were asked for, prints what they found and keeps it. Returns the exit code. */
export async function run(options: Options, stopping: AbortSignal): Promise<number> {
  const report = collect()
  report.progress('building the services')
  const runtime = await prepareRuntime(servicesOf(options))
  report.progress(`starting PostgreSQL; services run ${HOW[runtime.kind]}`)
  const stand = await openStand(runtime)
  const load = startLoad()
  const stop = async () => {
    await load.stop()
    await stand.stop()
  }
  stopping.addEventListener('abort', () => void stop().finally(() => process.exit(130)))
  try {
    stopping.throwIfAborted()
    const profileFolder = await prepareProfiles(options)
    const bench = { stand, load, report, sizes: options.sizes, profileFolder }
    await runScenarios(options, bench, stopping)
    if (profileFolder) await printProfile(profileFolder)
    await conclude(options, report, stand)
  } finally {
    await stop()
  }
  return report.failures.length > 0 ? 1 : 0
}

function servicesOf({ scenarios }: Options): string[] {
  return [...new Set(scenarios.flatMap((name) => SCENARIOS[name]?.services ?? []))]
}

const HOW = { built: 'as built', source: 'from source, because the build fails' }

/** What one scenario cannot do does not take the others with it. */
async function runScenarios(
  { scenarios }: Options,
  bench: Bench,
  stopping: AbortSignal,
): Promise<void> {
  for (const name of scenarios)
    try {
      await SCENARIOS[name]?.run(bench)
    } catch (error) {
      stopping.throwIfAborted()
      bench.report.fail(`${name}: ${(error instanceof Error && error.stack) || String(error)}`)
    }
}

async function prepareProfiles({ profiles }: Options): Promise<string | undefined> {
  if (!profiles) return undefined
  const folder = join(RESULTS, 'profiles')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  return folder
}

/** Of the service that worked most; the others' profiles lie beside it, for the developer tools of a browser. */
async function printProfile(folder: string): Promise<void> {
  const profile = await readLargestProfile(folder)
  if (!profile) return
  console.log(`\nWhere the busiest service spent its time (all profiles are in ${folder}):`)
  for (const { where, share } of costliest(profile, 25))
    console.log(`${(share * 100).toFixed(1).padStart(6)} %  ${where}`)
}

async function conclude(options: Options, report: Collected, stand: Stand): Promise<void> {
  const { figures, evidence } = report
  const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const result: Result = {
    version: 1,
    at,
    commit: commitOf(ROOT),
    size: options.sizes.name,
    runtime: stand.runtime.kind,
    machine: describeMachine(stand.postgresVersion),
    figures,
    evidence,
  }
  const file = options.out ?? join(RESULTS, `${at.replaceAll(':', '')}-${options.sizes.name}.json`)
  await writeResult(file, result)
  const { cpu, cores, memoryGb, node, postgres } = result.machine
  console.log(`\n${cores} cores of ${cpu}, ${memoryGb} GB, Node ${node}, PostgreSQL ${postgres}`)
  console.log(`commit ${result.commit}, size ${result.size}, services ${HOW[result.runtime]}\n`)
  console.log(table(figures, { judged: options.sizes.name !== 'quick' && !options.profiles }))
  console.log(`\nkept in ${relative(process.cwd(), file)}`)
}
