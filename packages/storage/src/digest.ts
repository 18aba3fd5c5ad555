import { createHash } from 'node:crypto'
import type { Version } from './blobstore.ts'

/** SHA-256 in hex. */
export function digestOf(contents: Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex')
}

/** For stores without versions of their own: the digest of the contents. */
export function versionOf(contents: Uint8Array): Version {
  return digestOf(contents) as Version
}
