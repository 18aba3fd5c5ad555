import { migrate } from '@ens/database'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { count } from '../options.ts'

/** The schema of the database. */
export function addDatabaseCommands(program: Command, context: Context): void {
  program
    .command('migrate')
    .description('bring the database to the newest schema')
    .option('--down <count>', 'take back that many migrations instead', count)
    .action(async ({ down }: { down?: number }) => {
      const migrations = await migrate(
        await context.databaseConfig(),
        down === undefined ? {} : { direction: 'down', count: down },
      )
      context.print({ [down === undefined ? 'applied' : 'takenBack']: migrations })
    })
}
