import type { Command } from 'commander'
import { type Certificate, certifyHmac, certifyKeys } from '../certify-keys.ts'
import { inputUnusable } from '../errors.ts'
import { base64, readKeys } from '../inputs.ts'
import {
  addIssuerOptions,
  type Context,
  diagnosisOf,
  type GlobalOptions,
  type IssuerOptions,
  issuerOf,
  systemOf,
} from '../options.ts'

interface CertificateCommandOptions extends GlobalOptions, IssuerOptions {
  keys?: string
  tekmac?: Buffer
}

/** Who has only an HMAC of the keys has its key already. */
type Certified = Omit<Certificate, 'hmacKey'> & Partial<Certificate>

export function addCertificateCommand(program: Command, context: Context): void {
  const command = program
    .command('certificate')
    .description(
      'Makes a verification certificate as a health authority does: for the HMAC of keys, or for keys, with a new HMAC key.',
    )
    .option('--keys <file>', 'the keys, as JSON; - is the standard input')
    .option('--tekmac <base64>', 'the HMAC of the keys, instead of the keys', base64)
  addIssuerOptions(command).action(() => {
    const options = command.optsWithGlobals<CertificateCommandOptions>()
    const certificate = certificateOf(options, context)
    context.out(options.json ? JSON.stringify(certificate) : describe(certificate))
  })
}

function certificateOf(options: CertificateCommandOptions, context: Context): Certified {
  const { keys, tekmac } = options
  const issuer = issuerOf(options, systemOf(options, context))
  const diagnosis = diagnosisOf(options)
  const time = { now: context.now(), random: context.random }
  if (keys !== undefined && tekmac === undefined)
    return certifyKeys(issuer, diagnosis, readKeys(keys), time)
  if (tekmac !== undefined && keys === undefined)
    return { verificationPayload: certifyHmac(issuer, diagnosis, tekmac, time) }
  throw inputUnusable('either --keys or --tekmac is needed')
}

function describe({ verificationPayload, hmacKey }: Certified): string {
  return [
    `verificationPayload: ${verificationPayload}`,
    ...(hmacKey === undefined ? [] : [`hmacKey: ${hmacKey}`]),
  ].join('\n')
}
