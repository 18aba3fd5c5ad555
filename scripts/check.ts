import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { styleText } from 'node:util'
import { ROOT } from './paths.ts'

interface Gate {
  name: string
  /** What Node runs, from the root. */
  args: string[]
}

interface Outcome extends Gate {
  passed: boolean
  output: string
  ms: number
}

const OURS = process.execArgv // the condition that takes our packages from source
const LONGEST_MS = 300_000

/** The slow ones first, so that the cores end together. */
const GATES: Gate[] = [
  { name: 'typed-lint', args: ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings=0'] },
  { name: 'types', args: ['node_modules/typescript-7/bin/tsc', '-b'] },
  { name: 'docs', args: [...OURS, 'scripts/docs.ts', '--check'] },
  {
    name: 'layers',
    args: [
      'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
      ...['packages', 'services', 'scripts', 'test', 'bench'],
    ],
  },
  { name: 'dead-code', args: ['node_modules/knip/bin/knip.js', '--no-progress'] },
  {
    name: 'lint',
    args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  },
  { name: 'workspace', args: [...OURS, 'scripts/check-workspace.ts'] },
]

function run(gate: Gate): Promise<Outcome> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const child = spawn(process.execPath, gate.args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST_MS,
    })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => collect(Buffer.from(error.message)))
    child.on('close', (code, signal) => {
      if (signal) output += `\nended by ${signal} after ${seconds(performance.now() - startedAt)}`
      resolve({ ...gate, passed: code === 0, output, ms: performance.now() - startedAt })
    })
  })
}

/** As many at a time as there are cores. */
async function runAll(gates: Gate[]): Promise<Outcome[]> {
  const waiting = [...gates]
  const outcomes: Outcome[] = []
  const worker = async () => {
    for (let gate = waiting.shift(); gate; gate = waiting.shift()) {
      const outcome = await run(gate)
      report(outcome)
      outcomes.push(outcome)
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker))
  return outcomes
}

function report({ name, passed, ms }: Outcome): void {
  const verdict = passed ? styleText('green', 'ok    ') : styleText('red', 'FAILED')
  console.log(`${verdict}  ${name.padEnd(10)} ${seconds(ms).padStart(7)}`)
}

function explain({ name, args, output }: Outcome): void {
  console.log(`\n${styleText('bold', name)}: node ${args.join(' ')}\n`)
  console.log(output.trim() || '(it said nothing)')
}

const counted = (checks: number) => (checks === 1 ? '1 check' : `${checks} checks`)
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

function chosen(names: string[]): Gate[] {
  const known = GATES.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length === 0)
    return names.length > 0 ? GATES.filter((g) => names.includes(g.name)) : GATES
  console.log(`there is no check "${unknown.join('", "')}"; there are: ${known.join(', ')}`)
  process.exit(2)
}

const startedAt = performance.now()
const outcomes = await runAll(chosen(process.argv.slice(2)))
const failed = outcomes.filter(({ passed }) => !passed)
failed.forEach(explain)
const verdict =
  failed.length > 0 ? `failed: ${failed.map(({ name }) => name).join(', ')}` : 'all passed'
console.log(
  `\n${counted(outcomes.length)} in ${seconds(performance.now() - startedAt)}; ${verdict}`,
)
if (failed.length > 0) process.exitCode = 1
