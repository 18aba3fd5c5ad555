import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What Node writes with `--cpu-prof`, as far as it is read here. */
export interface CpuProfile {
  nodes: readonly ProfileNode[]
  /** Which node was running at each look, and how many microseconds after the look before. */
  samples: readonly number[]
  timeDeltas: readonly number[]
}

interface ProfileNode {
  id: number
  callFrame: { functionName: string; url: string; lineNumber: number }
}

/** How much of the busy time a function took itself, without what it called. */
export interface Cost {
  where: string
  share: number
}

const IDLE = ['(idle)', '(program)', '(root)']

/** The costliest functions of a profile, the costliest first. */
export function costliest({ nodes, samples, timeDeltas }: CpuProfile, count: number): Cost[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const times = new Map<string, number>()
  let busy = 0
  for (const [i, id] of samples.entries()) {
    const node = byId.get(id)
    if (!node || IDLE.includes(node.callFrame.functionName)) continue
    const time = Math.max(0, timeDeltas[i] ?? 0)
    const where = describe(node)
    busy += time
    times.set(where, (times.get(where) ?? 0) + time)
  }
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([where, time]) => ({ where, share: time / busy }))
}

function describe({ callFrame }: ProfileNode): string {
  const { functionName, url, lineNumber } = callFrame
  const file = url.replace(/^file:\/\//, '').replace(/^.*\/(node_modules|packages|services)\//, '')
  return `${functionName || '(anonymous)'}${file && ` ${file}:${lineNumber + 1}`}`
}

/** The profile in a folder that took most looks: of the process that worked most. */
export async function readLargestProfile(folder: string): Promise<CpuProfile | undefined> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile'))
  const profiles = await Promise.all(
    names.map(async (name): Promise<CpuProfile> => {
      return JSON.parse(await readFile(join(folder, name), 'utf8'))
    }),
  )
  return profiles.sort((a, b) => b.samples.length - a.samples.length)[0]
}
