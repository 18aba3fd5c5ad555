import { isDeepStrictEqual } from 'node:util'
import { describeConfig, type Setting } from '@ens/config'
import { z } from 'zod'
import { importAll, row } from './modules.ts'

const INTRODUCTION = `# Configuration

Written by \`npx -y pnpm@12 run docs\` from the declarations in every \`config.ts\`; do not edit.

Every setting is an environment variable. A service reads all of them when it starts and names every wrong one in one
message. A setting that is *required* has no default: what reaches the outside world is always named. A setting with a
default may be left out; one that is set to nothing is an error where a number, a duration or a required text is meant.

- Durations are written as \`90s\`, \`5m\` or \`1h30m\`.
- Lists are separated by commas.
- A value \`secret://NAME\` (or such a part of a list) is replaced by the secret of that name; see \`SECRET_MANAGER\`.
- A setting marked *secret* is shown as \`***\` when a service logs its configuration at start.
`

/** Every setting of every service, of the administrator’s command, and of the fleet on one machine. */
export async function configurationPage(): Promise<string> {
  const modules = await importAll('{packages,services}/*/src/config.ts')
  const sections = modules.flatMap(({ path, exported }) => {
    const { config } = exported
    if (config instanceof z.ZodType) return [section(path, distinct(describeConfig(config)))]
    if (path.startsWith('services/')) throw new Error(`${path} exports no \`config\``)
    return [] // fragments, which services compose
  })
  return [INTRODUCTION, ...sections].join('\n')
}

function section(path: string, settings: Setting[]): string {
  refuseRepeats(path, settings)
  const [, name = path] = path.split('/')
  return [
    `## ${name}`,
    '',
    row('Variable', 'Type', 'Default', 'What it does'),
    row('---', '---', '---', '---'),
    ...settings.map(settingRow),
    '',
  ].join('\n')
}

function settingRow(setting: Setting): string {
  const { variable, fallbackVariable, type, fallback, description, secret } = setting
  const sentences = [
    description,
    ...(fallbackVariable ? [`Where it is not set, \`${fallbackVariable}\` is read.`] : []),
    ...(secret ? ['*Secret.*'] : []),
  ]
  return row(`\`${variable}\``, type, shownDefault(fallback), sentences.join(' '))
}

function shownDefault(fallback: string | undefined): string {
  if (fallback === undefined) return '*required*'
  return fallback === '' ? '' : `\`${fallback}\``
}

/** What a key manager and a secret manager both need (how to reach Vault, say) is declared alike by both. */
function distinct(settings: Setting[]): Setting[] {
  return settings.filter(
    (setting, at) => settings.findIndex((other) => isDeepStrictEqual(other, setting)) === at,
  )
}

function refuseRepeats(path: string, settings: Setting[]): void {
  const variables = settings.map(({ variable }) => variable)
  const repeated = variables.find((variable, index) => variables.indexOf(variable) !== index)
  if (repeated) throw new Error(`${path} declares ${repeated} twice`)
}
