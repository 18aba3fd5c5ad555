import type { Command } from 'commander'
import { needed } from '../inputs.ts'
import { type Context, type GlobalOptions, systemOf } from '../options.ts'
import type { PublishInput, PublishOutcome } from '../publish.ts'

export interface TargetOptions extends GlobalOptions {
  url?: string
  healthAuthorityId?: string
}

/** Where and as which app to publish. */
export function addTargetOptions(command: Command): Command {
  return command
    .option('--url <url>', 'where to publish, …/v1/publish')
    .option('--health-authority-id <name>', 'the name of the app, healthAuthorityID')
}

export function targetOf(
  options: TargetOptions,
  context: Context,
): Pick<PublishInput, 'url' | 'healthAuthorityID'> {
  const system = systemOf(options, context)
  return {
    url: needed(options.url ?? system.publishUrl, '--url'),
    healthAuthorityID: needed(
      options.healthAuthorityId ?? system.healthAuthorityID,
      '--health-authority-id',
    ),
  }
}

/** One document that can be handed back as `--keys`, to `find` and to `revise`. */
export function outcomeJson(keys: PublishInput['keys'], outcome: PublishOutcome): string {
  return JSON.stringify({ temporaryExposureKeys: keys, ...outcome })
}

/** The reply for people; a success in the words given. */
export function describeOutcome(outcome: PublishOutcome, success: string): string {
  const { revisionToken, warnings = [] } = outcome.reply
  return [
    `reply: ${describeReply(outcome, success)}`,
    ...warnings.map((warning) => `warning: ${warning}`),
    ...(revisionToken === undefined ? [] : [`revision token: ${revisionToken}`]),
  ].join('\n')
}

function describeReply({ status, accepted, reply }: PublishOutcome, success: string): string {
  return [
    `${status}, ${accepted ? success : 'refused'}`,
    ...(reply.code === undefined ? [] : [reply.code]),
    ...(reply.error === undefined ? [] : [reply.error.trim()]),
  ].join(': ')
}
