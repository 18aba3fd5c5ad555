import { isAppError } from '@ens/errors'
import { Command, CommanderError } from 'commander'
import { addCertificateCommand } from './commands/certificate.ts'
import { addChaffCommand } from './commands/chaff.ts'
import { addDownloadCommand } from './commands/download.ts'
import { addFindCommand } from './commands/find.ts'
import { addListCommand } from './commands/list.ts'
import { addPublishCommand } from './commands/publish.ts'
import { addReviseCommand } from './commands/revise.ts'
import { addStatsCommand } from './commands/stats.ts'
import { addVerifyCommand } from './commands/verify.ts'
import { addGlobalOptions, type Context } from './options.ts'
import type { Terminal } from './terminal.ts'

const YES = 0
const NO = 1
const TROUBLE = 2

/**
 * Runs the command and returns its exit status: 0 if all went well; 1 if the answer is no (refused, not verified, not
 * found); 2 if there is no answer, for bad arguments or a server out of reach.
 */
export async function runPhone(words: readonly string[], terminal: Terminal): Promise<number> {
  let status = YES
  const context: Context = {
    ...terminal,
    answerNo() {
      status = NO
    },
  }
  try {
    await phoneCommand(context).parseAsync(words, { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? YES : TROUBLE
    terminal.err(`phone: ${describe(error, words.includes('--debug'))}`)
    return isAppError(error) && REFUSALS.includes(error.code) ? NO : TROUBLE
  }
}

/** Errors that are an answer: the archive is not what it should be. */
const REFUSALS = ['export_signature_invalid', 'phone_wrong_region']

function phoneCommand(context: Context): Command {
  const program = new Command('phone')
    .description(
      'A simulated phone and health authority: makes certificates, publishes and revises keys, reads archives and statistics.',
    )
    .configureOutput({
      writeOut: (text) => context.out(text.trimEnd()),
      writeErr: (text) => context.err(text.trimEnd()),
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows how)')
    .exitOverride()
  addGlobalOptions(program)
  addCertificateCommand(program, context)
  addPublishCommand(program, context)
  addReviseCommand(program, context)
  addChaffCommand(program, context)
  addDownloadCommand(program, context)
  addVerifyCommand(program, context)
  addListCommand(program, context)
  addFindCommand(program, context)
  addStatsCommand(program, context)
  return program
}

function describe(error: unknown, withStack: boolean): string {
  if (!(error instanceof Error)) return String(error)
  if (withStack) return stackOf(error)
  return isAppError(error) ? `${error.message} (${error.code})` : error.message
}

function stackOf(error: Error): string {
  const { cause } = error
  const stack = error.stack ?? error.message
  return cause instanceof Error ? `${stack}\ncaused by ${stackOf(cause)}` : stack
}
