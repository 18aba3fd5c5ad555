import { isAppError } from '@ens/errors'
import type { Command } from 'commander'
import { addTrustOptions, archivesOf, type TrustOptions, trustOf } from '../archive-options.ts'
import { describeArchive, signersOf } from '../describe-archive.ts'
import type { NamedArchive } from '../download-archives.ts'
import type { Context } from '../options.ts'
import { readTrusted, type Trust } from '../read-archives.ts'

interface Judgement {
  archive: string
  verified: boolean
  signedBy: string[]
  text: string
}

export function addVerifyCommand(program: Command, context: Context): void {
  const command = program
    .command('verify')
    .description(
      'Says who signed archives: the files given, or those the index lists. Status 1 if one is not signed by the public key.',
    )
    .argument('[archives...]', 'zip files')
  addTrustOptions(command).action(async (files: string[]) => {
    const options = command.optsWithGlobals<TrustOptions>()
    const trust = trustOf(files, options, context)
    for await (const archive of archivesOf(files, options, context)) {
      const { text, ...judgement } = await judge(archive, trust)
      context.out(options.json ? JSON.stringify(judgement) : text)
      if (!judgement.verified) context.answerNo()
    }
  })
}

/** A bad archive is a result, not the end: the others want to be looked at, too. */
async function judge(archive: NamedArchive, trust: Trust): Promise<Judgement> {
  try {
    const read = await readTrusted(archive, trust)
    const text = `verified      ${describeArchive(read)}`
    return { archive: archive.name, verified: true, signedBy: signersOf(read), text }
  } catch (error) {
    if (!isAppError(error) || error.kind !== 'invalid') throw error
    const text = `NOT VERIFIED  ${archive.name}: ${error.message}`
    return { archive: archive.name, verified: false, signedBy: [], text }
  }
}
