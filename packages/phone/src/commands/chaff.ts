import type { Command } from 'commander'
import { dayCount, needed } from '../inputs.ts'
import { type Context, type GlobalOptions, limitsOf, systemOf } from '../options.ts'
import { type ChaffOutcome, sendChaff } from '../send-chaff.ts'

interface ChaffCommandOptions extends GlobalOptions {
  url?: string
  days: number
}

const DEFAULT_DAYS = 14

export function addChaffCommand(program: Command, context: Context): void {
  const command = program
    .command('chaff')
    .description(
      'Sends chaff, a decoy that looks like a publish, and says what an observer could see of the reply.',
    )
    .option('--url <url>', 'where phones publish, …/v1/publish')
    .option(
      '--days <number>',
      'as large as a publish of so many keys would be',
      dayCount,
      DEFAULT_DAYS,
    )
    .action(async () => {
      const options = command.optsWithGlobals<ChaffCommandOptions>()
      const url = needed(options.url ?? systemOf(options, context).publishUrl, '--url')
      const input = { url, days: options.days, now: context.now() }
      const outcome = await sendChaff(input, { ...limitsOf(options), random: context.random })
      context.out(options.json ? JSON.stringify(outcome) : describe(outcome))
      if (outcome.status !== 200) context.answerNo()
    })
}

function describe({ status, sizeBytes, durationMs }: ChaffOutcome): string {
  return `status ${status}, ${sizeBytes} bytes, ${Math.round(durationMs)} ms`
}
