import {
  type CheckedSignature,
  decodeExport,
  type ExportPublicKey,
  type ParsedExport,
  readArchive,
  verifyArchive,
} from '@ens/export-file'
import type { NamedArchive } from './download-archives.ts'
import { wrongRegion } from './errors.ts'

/** What a phone demands of an archive before it believes a word of it. */
export interface Trust {
  /** Undefined reads without looking at signatures; no real phone does. */
  publicKeys: readonly ExportPublicKey[] | undefined
  /** Undefined takes any. */
  region?: string | undefined
}

/** The contents of one archive; its signatures are empty if nobody asked for them. */
export interface ReadArchive {
  name: string
  contents: ParsedExport
  signatures: CheckedSignature[]
}

/** Reads an archive, once one of the public keys vouches for it. Throws `export_signature_invalid` if none does. */
export async function readTrusted(
  { name, contents: archive }: NamedArchive,
  { publicKeys, region }: Trust,
): Promise<ReadArchive> {
  const { contents, signatures } = publicKeys
    ? await verifyArchive({ archive, publicKeys })
    : { contents: decodeExport((await readArchive(archive)).exportBin), signatures: [] }
  if (region !== undefined && contents.region !== region)
    throw wrongRegion(`${name} is for region "${contents.region ?? ''}", not for "${region}"`)
  return { name, contents, signatures }
}
