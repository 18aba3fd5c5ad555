import { REPORT_TYPES, type ReportType } from '@ens/domain'
import { type Command, Option } from 'commander'
import type { Diagnosis, Issuer } from './certify-keys.ts'
import { type Demo, readDemo, readDemoIfAny } from './demo.ts'
import type { HttpLimits } from './http.ts'
import { milliseconds, needed, onsetInterval, readPrivateKey } from './inputs.ts'
import type { Terminal } from './terminal.ts'

/** What an action has to work with. */
export interface Context extends Terminal {
  /** Ends the command with status 1, after its output: the answer is no. */
  answerNo(): void
}

export interface GlobalOptions {
  demo?: string
  json?: true
  debug?: true
  timeout?: number
}

export function addGlobalOptions(program: Command): Command {
  return program
    .option(
      '--demo <file>',
      'what stands in for arguments that are not given (default: what `start` wrote, if it did)',
    )
    .option('--json', 'print JSON for programs')
    .option('--timeout <seconds>', 'longest wait for one answer', milliseconds)
    .option('--debug', 'print where an error comes from')
}

/** The system whose fields stand in for arguments that are not given. */
export function systemOf({ demo }: GlobalOptions, { demoFile }: Terminal): Demo {
  return demo === undefined ? readDemoIfAny(demoFile) : readDemo(demo)
}

export function limitsOf({ timeout }: GlobalOptions): Partial<HttpLimits> {
  return timeout === undefined ? {} : { timeoutMs: timeout }
}

export interface SignerOptions {
  issuer?: string
  keyId?: string
  privateKey?: string
}

/** Who a health authority is, and what it signs with. */
export function addSignerOptions(command: Command): Command {
  return command
    .option('--issuer <name>', 'the health authority, `iss` of what it signs')
    .option('--key-id <version>', "which of the authority's public keys verifies it, `kid`")
    .option('--private-key <file>', "PEM of the authority's P-256 key")
}

export function signerOf(options: SignerOptions, system: Demo): Omit<Issuer, 'audience'> {
  return {
    issuer: needed(options.issuer ?? system.issuer, '--issuer'),
    keyId: needed(options.keyId ?? system.keyId, '--key-id'),
    privateKey: readPrivateKey(
      needed(options.privateKey ?? system.privateKeyFile, '--private-key'),
    ),
  }
}

export interface IssuerOptions extends SignerOptions {
  audience?: string
  reportType: ReportType
  onset?: number
}

export function addIssuerOptions(command: Command): Command {
  return addSignerOptions(command)
    .option('--audience <name>', '`aud` of the certificate')
    .addOption(
      new Option(
        '--report-type <type>',
        'what the authority says; new keys of a negative test are accepted and not stored',
      )
        .choices(REPORT_TYPES)
        .default('confirmed'),
    )
    .option(
      '--onset <day>',
      'the first symptoms: 2026-11-20, an instant, or an interval number',
      onsetInterval,
    )
}

export function issuerOf(options: IssuerOptions, system: Demo): Issuer {
  return {
    ...signerOf(options, system),
    audience: needed(options.audience ?? system.audience, '--audience'),
  }
}

export function diagnosisOf({ reportType, onset }: IssuerOptions): Diagnosis {
  return { reportType, ...(onset !== undefined && { symptomOnsetInterval: onset }) }
}
