import type { ReadArchive } from './read-archives.ts'

/** Id and version of each key that has validly signed. */
export function signersOf({ signatures }: ReadArchive): string[] {
  return signatures
    .filter(({ verdict }) => verdict === 'valid')
    .map(({ keyId, keyVersion }) => `${keyId} ${keyVersion}`)
}

/** One line about an archive. */
export function describeArchive(archive: ReadArchive): string {
  const { name, contents } = archive
  const signers = signersOf(archive)
  return [
    name,
    `region ${contents.region ?? '-'}`,
    `${isoTime(contents.start)} to ${isoTime(contents.end)}`,
    `${contents.keys.length} keys, ${contents.revisedKeys.length} revised`,
    signers.length > 0 ? `signed by ${signers.join(' and ')}` : 'NOT VERIFIED',
  ].join('  ')
}

/** Files of other servers may hold any number. */
export function isoTime(seconds: number | undefined): string {
  const at = new Date((seconds ?? Number.NaN) * 1000)
  return Number.isNaN(at.getTime()) ? '-' : at.toISOString().replace('.000', '')
}
