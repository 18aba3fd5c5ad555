import { exportConfigs } from '@ens/database'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import {
  createExportConfig,
  type ExportConfigInput,
  endExportConfig,
  updateExportConfig,
} from '../export-configs.ts'
import { collect, collectIds, count, id, instant, seconds, yesOrNo } from '../options.ts'

interface Options {
  bucket: string
  filenameRoot: string
  period: number
  outputRegion: string
  inputRegion?: string[]
  excludeRegion?: string[]
  includeTravelers?: boolean
  onlyNonTravelers?: boolean
  signatureInfo?: number[]
  maxRecords?: number
  from?: Date
  thru?: Date
}

/** What is exported, where to and how often. */
export function addExportConfigCommands(program: Command, context: Context): void {
  const group = program
    .command('export-config')
    .description('what is exported, where to and how often')
  withSettings(group.command('create').description('set up an export'), true).action(
    async (options: Options) => {
      const input = { signatureInfoIds: [], ...asInput(options) } as ExportConfigInput
      context.print({ id: await createExportConfig(await context.forConfiguration(), input) })
    },
  )
  group
    .command('list')
    .description('every export config')
    .action(async () =>
      context.print(await exportConfigs.list((await context.forConfiguration()).db)),
    )
  withSettings(
    group
      .command('update')
      .argument('<id>', 'as `list` shows it', id)
      .description('change what is given, for windows to come'),
    false,
  ).action(async (given: number, options: Options) => {
    await updateExportConfig(await context.forConfiguration(), given, asInput(options))
    context.print({ updated: given })
  })
  group
    .command('end')
    .argument('<id>', 'as `list` shows it', id)
    .description('let it export no longer')
    .option('--at <time>', 'when (default: now)', instant)
    .action(async (given: number, { at = context.now() }: { at?: Date }) => {
      await endExportConfig(await context.forConfiguration(), given, at)
      context.print({ id: given, endsAt: at })
    })
}

function withSettings(command: Command, creating: boolean): Command {
  const option = (flags: string, description: string, parse?: (value: string) => unknown) => {
    const plain = parse ?? ((value: string) => value)
    if (creating) command.requiredOption(flags, description, plain)
    else command.option(flags, description, plain)
  }
  option('--bucket <name>', 'where archives are put')
  option('--filename-root <prefix>', 'prefix of all object names, such as mx')
  option('--period <duration>', 'length of a window, such as 4h; divides a day', seconds)
  option('--output-region <region>', 'the region written into archives')
  return command
    .option('--input-region <region>', 'whose keys (default: the output region); repeat', collect)
    .option('--exclude-region <region>', 'leave out keys that have it; repeat', collect)
    .option('--include-travelers <yes|no>', 'also travelers’ keys of any region', yesOrNo)
    .option('--only-non-travelers <yes|no>', 'no travelers’ keys at all', yesOrNo)
    .option('--signature-info <id>', 'who signs; repeat', collectIds)
    .option('--max-records <count>', 'most keys in a file; 0: the service’s limit', count)
    .option('--from <time>', 'exports from (default: now)', instant)
    .option('--thru <time>', 'exports until (default: no end)', instant)
}

function asInput(options: Options): Partial<ExportConfigInput> {
  return {
    bucketName: options.bucket,
    filenameRoot: options.filenameRoot,
    periodSeconds: options.period,
    outputRegion: options.outputRegion,
    inputRegions: options.inputRegion,
    excludeRegions: options.excludeRegion,
    includeTravelers: options.includeTravelers,
    onlyNonTravelers: options.onlyNonTravelers,
    ...(options.signatureInfo && { signatureInfoIds: options.signatureInfo }),
    maxRecordsOverride: options.maxRecords,
    from: options.from,
    thru: options.thru,
  } as Partial<ExportConfigInput>
}
