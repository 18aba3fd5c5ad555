import type { Command } from 'commander'
import { addReadOptions, contentsOf, type ReadOptions } from '../archive-options.ts'
import { inputUnusable } from '../errors.ts'
import { type FoundKey, findKeys } from '../find-keys.ts'
import { collect, collectKeys, readKeys } from '../inputs.ts'
import type { Context } from '../options.ts'

interface FindCommandOptions extends ReadOptions {
  keys?: string
  archive?: string[]
}

export function addFindCommand(program: Command, context: Context): void {
  const command = program
    .command('find')
    .description(
      'Says in which archives keys are: those the index lists, or the files given. Status 1 if one is in none.',
    )
    .argument('[keys...]', 'keys in base64', collectKeys)
    .option(
      '--keys <file>',
      'keys as JSON, such as `publish --json` prints; - is the standard input',
    )
    .option('--archive <file>', 'look in this zip file (may be given several times)', collect)
  addReadOptions(command).action(async (given: string[] = []) => {
    const options = command.optsWithGlobals<FindCommandOptions>()
    const keys = wantedKeys(given, options)
    const found = await findKeys(keys, contentsOf(options.archive ?? [], options, context))
    context.out(options.json ? JSON.stringify({ keys: found }) : found.map(describe).join('\n'))
    if (found.some(({ sightings }) => sightings.length === 0)) context.answerNo()
  })
}

function wantedKeys(given: readonly string[], { keys }: FindCommandOptions): string[] {
  const wanted = [...given, ...(keys === undefined ? [] : readKeys(keys).map(({ key }) => key))]
  if (wanted.length === 0) throw inputUnusable('no key to find: name some, or give --keys')
  return wanted
}

function describe({ key, sightings }: FoundKey): string {
  if (sightings.length === 0) return `${key}  not found`
  const places = sightings.map(({ archive, list }) =>
    list === 'keys' ? archive : `${archive} (revised)`,
  )
  return `${key}  ${places.join(', ')}`
}
