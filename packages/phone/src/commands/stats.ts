import type { StatsDay } from '@ens/api'
import type { Command } from 'commander'
import { needed } from '../inputs.ts'
import {
  addSignerOptions,
  type Context,
  type GlobalOptions,
  limitsOf,
  type SignerOptions,
  signerOf,
  systemOf,
} from '../options.ts'
import { readStats, type StatsInput, type StatsOutcome } from '../read-stats.ts'
import { table } from '../terminal.ts'

interface StatsCommandOptions extends GlobalOptions, SignerOptions {
  url?: string
  audience?: string
}

export function addStatsCommand(program: Command, context: Context): void {
  const command = program
    .command('stats')
    .description(
      'Reads the statistics of a health authority, as that authority: how many publishes there were, by day. --json has the distributions, too.',
    )
    .option('--url <url>', 'the statistics API, …/v1/stats')
    .option('--audience <name>', '`aud` of the token, what the server calls itself')
  addSignerOptions(command).action(async () => {
    const options = command.optsWithGlobals<StatsCommandOptions>()
    const outcome = await readStats(inputOf(options, context), {
      ...limitsOf(options),
      random: context.random,
    })
    context.out(options.json ? JSON.stringify(outcome) : describe(outcome))
    if (!outcome.accepted) context.answerNo()
  })
}

function inputOf(options: StatsCommandOptions, context: Context): StatsInput {
  const system = systemOf(options, context)
  return {
    url: needed(options.url ?? system.statsUrl, '--url'),
    reader: signerOf(options, system),
    ...(options.audience !== undefined && { audience: options.audience }),
    now: context.now(),
  }
}

const HEADING = ['day', 'publishes', 'android', 'ios', 'unknown', 'keys', 'revisions', 'no onset']

function describe({ accepted, status, days, code, error }: StatsOutcome): string {
  if (!accepted) return [`reply: ${status}, refused`, code, error].filter(Boolean).join(': ')
  if (days.length === 0)
    return 'no day may be shown: those with few publishes are withheld for two days, the hour in progress always'
  return table([HEADING, ...days.map(toRow)])
}

function toRow(day: StatsDay): string[] {
  const { android, ios, unknown } = day.publish_requests
  const counts = [
    android + ios + unknown,
    ...[android, ios, unknown],
    day.total_teks_published,
    day.requests_with_revisions,
    day.requests_missing_onset_date,
  ]
  return [day.day.slice(0, 10), ...counts.map(String)]
}
