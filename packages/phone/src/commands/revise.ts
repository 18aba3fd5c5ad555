import type { Command } from 'commander'
import { certifyKeys } from '../certify-keys.ts'
import { inputUnusable } from '../errors.ts'
import { readPublished } from '../inputs.ts'
import {
  addIssuerOptions,
  type Context,
  diagnosisOf,
  type IssuerOptions,
  issuerOf,
  limitsOf,
  systemOf,
} from '../options.ts'
import { type PublishInput, publish } from '../publish.ts'
import {
  addTargetOptions,
  describeOutcome,
  outcomeJson,
  type TargetOptions,
  targetOf,
} from './publish-target.ts'

interface ReviseCommandOptions extends TargetOptions, IssuerOptions {
  keys: string
  revisionToken?: string
}

export function addReviseCommand(program: Command, context: Context): void {
  const command = program
    .command('revise')
    .description(
      'Changes the report type of keys that were published, once: sends them again with their revision token and a new certificate.',
    )
    .requiredOption(
      '--keys <file>',
      'what `publish --json` has printed: keys and revision token; - is the standard input',
    )
    .option('--revision-token <token>', 'the token, if the file holds none')
  addTargetOptions(command)
  addIssuerOptions(command).action(async () => {
    const options = command.optsWithGlobals<ReviseCommandOptions>()
    const input = inputOf(options, context)
    const outcome = await publish(input, { ...limitsOf(options), random: context.random })
    const done = `revised to ${options.reportType}`
    context.out(options.json ? outcomeJson(input.keys, outcome) : describeOutcome(outcome, done))
    if (!outcome.accepted) context.answerNo()
  })
}

function inputOf(options: ReviseCommandOptions, context: Context): PublishInput {
  const { keys, revisionToken } = readPublished(options.keys)
  const issuer = issuerOf(options, systemOf(options, context))
  const time = { now: context.now(), random: context.random }
  return {
    ...targetOf(options, context),
    keys,
    revisionToken: options.revisionToken ?? revisionToken ?? noToken(options.keys),
    certificate: certifyKeys(issuer, diagnosisOf(options), keys, time),
    ...(options.onset !== undefined && { symptomOnsetInterval: options.onset }),
  }
}

function noToken(file: string): never {
  throw inputUnusable(
    `${file} holds no revision token; it comes in the reply to the publish, or give --revision-token`,
  )
}
