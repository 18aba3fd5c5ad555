import { Command } from 'commander'
import { addAppCommands } from './commands/app.ts'
import { addDatabaseCommands } from './commands/database.ts'
import { addExportBatchCommands } from './commands/export-batch.ts'
import { addExportConfigCommands } from './commands/export-config.ts'
import { addHealthAuthorityCommands } from './commands/health-authority.ts'
import { addKeyCommands, addSignatureInfoCommands } from './commands/signing.ts'
import type { Context } from './context.ts'

/** The administrative command, complete but for where its context comes from. */
export function adminCommand(context: Context): Command {
  const program = new Command('admin')
    .description(
      'Sets up and changes the key server: schema, keys, authorities, apps, exports. Reads the same variables as the services (DB_HOST, KEY_MANAGER and so on).',
    )
    .option('--demo', 'work on the system that `start` runs on this machine')
    .option('--json', 'print JSON, a line each')
    .showHelpAfterError('(--help shows how)')
    .exitOverride()
  addDatabaseCommands(program, context)
  addKeyCommands(program, context)
  addSignatureInfoCommands(program, context)
  addHealthAuthorityCommands(program, context)
  addAppCommands(program, context)
  addExportConfigCommands(program, context)
  addExportBatchCommands(program, context)
  return program
}
