import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { regenerateExports } from '../export-batches.ts'
import { id, instant } from '../options.ts'

interface Options {
  from: Date
  before: Date
  dryRun?: boolean
}

/** Windows that were exported. */
export function addExportBatchCommands(program: Command, context: Context): void {
  program
    .command('export-batch')
    .description('windows that were exported')
    .command('regenerate')
    .argument('<config>', 'id of the export config', id)
    .description('export windows again, under new names; not every phone will see the replacement')
    .requiredOption('--from <time>', 'windows that begin from here on', instant)
    .requiredOption('--before <time>', 'windows that begin before this', instant)
    .option('--dry-run', 'only say what would be done')
    .action(async (configId: number, { from, before, dryRun = false }: Options) => {
      const deps = await context.forConfiguration()
      context.print(await regenerateExports(deps, { configId, from, before, isDryRun: dryRun }))
    })
}
