import type { Command } from 'commander'
import { type Certificate, certifyKeys } from '../certify-keys.ts'
import { inputUnusable } from '../errors.ts'
import { dayCount, readKeys } from '../inputs.ts'
import { makeKeys, type PhoneKey } from '../make-keys.ts'
import {
  addIssuerOptions,
  type Context,
  diagnosisOf,
  type IssuerOptions,
  issuerOf,
  limitsOf,
  systemOf,
} from '../options.ts'
import { type PublishInput, type PublishOutcome, publish } from '../publish.ts'
import {
  addTargetOptions,
  describeOutcome,
  outcomeJson,
  type TargetOptions,
  targetOf,
} from './publish-target.ts'

interface PublishCommandOptions extends TargetOptions, IssuerOptions {
  keys?: string
  days: number
  today: boolean
  traveler?: true
  revisionToken?: string
  certificate: boolean
  verificationPayload?: string
  hmacKey?: string
}

const DEFAULT_DAYS = 14

export function addPublishCommand(program: Command, context: Context): void {
  const command = program
    .command('publish')
    .description(
      'Publishes keys as a phone does: with a certificate made for them here, one made elsewhere, or none.',
    )
    .option(
      '--keys <file>',
      'the keys, as JSON; - is the standard input; without, new ones are made',
    )
    .option('--days <number>', 'how many new keys, one a day up to today', dayCount, DEFAULT_DAYS)
    .option('--no-today', 'make new keys up to yesterday, whose validity has ended')
    .option('--traveler', 'say that the phone has been elsewhere')
    .option('--revision-token <token>', 'of an earlier publish of these keys')
    .option('--no-certificate', 'send no certificate')
    .option('--verification-payload <jwt>', 'send this certificate, with --hmac-key')
    .option('--hmac-key <base64>', 'the HMAC key of that certificate')
  addTargetOptions(command)
  addIssuerOptions(command).action(async () => {
    const options = command.optsWithGlobals<PublishCommandOptions>()
    const keys = keysOf(options, context)
    const outcome = await publish(inputOf(options, keys, context), {
      ...limitsOf(options),
      random: context.random,
    })
    const show = options.json ? outcomeJson : describe
    context.out(show(keys, outcome))
    if (!outcome.accepted) context.answerNo()
  })
}

function keysOf({ keys, days, today }: PublishCommandOptions, context: Context): PhoneKey[] {
  if (keys !== undefined) return readKeys(keys)
  return makeKeys({ days, now: context.now(), random: context.random, includesToday: today })
}

function inputOf(
  options: PublishCommandOptions,
  keys: readonly PhoneKey[],
  context: Context,
): PublishInput {
  const certificate = certificateOf(options, keys, context)
  return {
    ...targetOf(options, context),
    keys,
    ...(certificate && { certificate }),
    ...(options.onset !== undefined && { symptomOnsetInterval: options.onset }),
    ...(options.traveler && { traveler: true }),
    ...(options.revisionToken !== undefined && { revisionToken: options.revisionToken }),
  }
}

function certificateOf(
  options: PublishCommandOptions,
  keys: readonly PhoneKey[],
  context: Context,
): Certificate | undefined {
  const { verificationPayload, hmacKey } = options
  if ((verificationPayload === undefined) !== (hmacKey === undefined))
    throw inputUnusable('--verification-payload and --hmac-key go together')
  if (verificationPayload !== undefined && hmacKey !== undefined)
    return { verificationPayload, hmacKey }
  if (!options.certificate) return undefined
  const issuer = issuerOf(options, systemOf(options, context))
  return certifyKeys(issuer, diagnosisOf(options), keys, {
    now: context.now(),
    random: context.random,
  })
}

function describe(temporaryExposureKeys: readonly PhoneKey[], outcome: PublishOutcome): string {
  const stored = `${outcome.reply.insertedExposures ?? 0} new keys stored`
  const keys = JSON.stringify({ temporaryExposureKeys })
  return `keys: ${keys}\n${describeOutcome(outcome, stored)}`
}
