import { createHash } from 'node:crypto'

/** What Azure checks contents by on their way; not for security. */
export function md5Of(contents: Uint8Array): Buffer {
  return createHash('md5').update(contents).digest()
}
