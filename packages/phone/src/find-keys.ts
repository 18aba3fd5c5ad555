import { decodeBase64, type ReportType } from '@ens/domain'
import { type ParsedKey, reportTypeOfCode } from '@ens/export-file'
import type { ReadArchive } from './read-archives.ts'

/** A place where a key was seen. */
export interface Sighting {
  archive: string
  list: 'keys' | 'revised_keys'
  reportType: ReportType | undefined
}

export interface FoundKey {
  /** As it was asked for. */
  key: string
  /** Empty if it is nowhere; more than one place in a list means that a server published it twice. */
  sightings: Sighting[]
}

/** Where each of the keys, in base64, is in the archives. */
export async function findKeys(
  keys: readonly string[],
  archives: Iterable<ReadArchive> | AsyncIterable<ReadArchive>,
): Promise<FoundKey[]> {
  const found = keys.map((key) => ({ key, sightings: [] as Sighting[] }))
  const wanted = Map.groupBy(found, ({ key }) => hex(decodeBase64(key)))
  const look = (parsed: readonly ParsedKey[], place: Omit<Sighting, 'reportType'>) => {
    for (const { key, reportTypeCode } of parsed)
      for (const one of wanted.get(hex(key)) ?? [])
        one.sightings.push({ ...place, reportType: reportTypeOfCode(reportTypeCode) })
  }
  for await (const { name, contents } of archives) {
    look(contents.keys, { archive: name, list: 'keys' })
    look(contents.revisedKeys, { archive: name, list: 'revised_keys' })
  }
  return found
}

/** No key of a file is compared with what was no base64. */
function hex(key: Buffer | undefined): string | undefined {
  return key?.toString('hex')
}
