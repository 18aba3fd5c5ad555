import { readFile } from 'node:fs/promises'
import { type DeclaredInstrument, declaredInstruments, prometheusName } from '@ens/observability'
import { at, listFiles } from '../paths.ts'
import { row } from './modules.ts'

const INTRODUCTION = `# Metrics

Written by \`npx -y pnpm@12 run docs\` from the declarations in every \`events.ts\` and \`metrics.ts\`; do not edit.

What to do with them stands in [observability.md](observability.md). Names and units are stable: one that goes is announced in the
changelog. Prometheus and Google Cloud see the second name: whatever is no letter or digit becomes \`_\`, and a counter ends
in \`_total\`. A histogram has \`_bucket\`, \`_sum\` and \`_count\`. OTLP sends the first name. A counter appears when it first counts, that of
a job's runs with the service.
Units are in UCUM (\`ms\` milliseconds, \`s\` seconds, \`By\` bytes); counts of things have none. Every label has few values: none
is taken from what a client wrote.
`

/** Where instruments are declared; what \`services/X\` declares is X's, what \`packages/server\` declares is every service's. */
const DECLARING = '{packages,services}/*/src/{events,metrics}.ts'

/** Makes an instrument; in other files nobody would find it. */
const MAKES = /= (counter|histogram|gauge)\(/

/** Every metric there is, by who has it. */
export async function metricsPage(): Promise<string> {
  await refuseElsewhere()
  const sections: string[] = []
  for (const [path, instruments] of await declaredByFile())
    sections.push(section(path, instruments))
  return [INTRODUCTION, ...sections].join('\n')
}

async function declaredByFile(): Promise<Map<string, DeclaredInstrument[]>> {
  const byFile = new Map<string, DeclaredInstrument[]>()
  let known = declaredInstruments().length
  // One after the other, so that it is known who declared what; packages, which services import, come first.
  for (const path of (await listFiles(DECLARING)).sort()) {
    await import(at(path))
    const instruments = declaredInstruments().slice(known)
    known += instruments.length
    if (instruments.length > 0) byFile.set(path, instruments)
  }
  const all = [...byFile.values()].flat()
  refuseRepeats(all)
  refuseTakenLabels(all)
  return byFile
}

async function refuseElsewhere(): Promise<void> {
  const declaring = new Set(await listFiles(DECLARING))
  for (const path of await listFiles('{packages,services}/*/src/**/*.ts')) {
    if (declaring.has(path) || path.endsWith('.test.ts') || path.includes('/testing/')) continue
    if (MAKES.test(await readFile(at(path), 'utf8')))
      throw new Error(`${path} declares a metric; that belongs in events.ts or metrics.ts`)
  }
}

/** Prometheus and Google Cloud have labels of these names for what they scrape, and rename ours. */
const TAKEN = ['cluster', 'instance', 'job', 'location', 'namespace']

function refuseTakenLabels(instruments: DeclaredInstrument[]): void {
  for (const { name, labels } of instruments)
    for (const label of TAKEN)
      if (label in labels) throw new Error(`${name} has a label ${label}, which is taken`)
}

function refuseRepeats(instruments: DeclaredInstrument[]): void {
  const names = instruments.map(({ name }) => name)
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated) throw new Error(`${repeated} is declared twice`)
}

function section(path: string, instruments: DeclaredInstrument[]): string {
  const [kind, name = path] = path.split('/')
  return [
    `## ${kind === 'packages' ? 'Every service' : name}`,
    '',
    row('Metric', 'In Prometheus', 'Kind', 'Unit', 'Labels', 'What it says'),
    row('---', '---', '---', '---', '---', '---'),
    ...instruments.map(metricRow),
    '',
  ].join('\n')
}

function metricRow({ kind, name, unit = '', labels, description }: DeclaredInstrument): string {
  const shown = Object.entries(labels).map(([label, meaning]) => `\`${label}\`: ${meaning}`)
  const inPrometheus = `\`${prometheusName(name, kind === 'counter')}\``
  return row(`\`${name}\``, inPrometheus, kind, unit, shown.join('; '), description)
}
