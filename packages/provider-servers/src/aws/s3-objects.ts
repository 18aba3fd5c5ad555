import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { crc32 } from 'node:zlib'

export interface S3Object {
  contents: Buffer
  /** In quotes: the MD5 of the contents, as S3 has it for an object that was put at once. */
  etag: string
  /** Content type, cache control and metadata as they were sent. */
  headers: Record<string, string>
  checksums: Record<string, string>
  modifiedAt: Date
}

const KEPT = /^(content-type|cache-control|x-amz-meta-.+)$/
const CHECKSUM = 'x-amz-checksum-'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
const CHECKSUMS: Record<string, (body: Buffer) => Buffer> = {
  [`${CHECKSUM}sha256`]: (body) => createHash('sha256').update(body).digest(),
  [`${CHECKSUM}crc32`]: (body) => {
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32BE(crc32(body))
    return checksum
  },
}

/** The code of what is wrong if a body is not what its headers say, or they name a checksum that is not known here. */
export function integrityFault(headers: IncomingHttpHeaders, body: Buffer): string | undefined {
  const md5 = createHash('md5').update(body).digest('base64')
  if ((headers['content-md5'] ?? md5) !== md5) return 'BadDigest'
  for (const [name, value] of checksumsIn(headers)) {
    const of = CHECKSUMS[name]
    if (!of) return 'InvalidRequest'
    if (of(body).toString('base64') !== value) return 'BadDigest'
  }
  return undefined
}

export function storedObject(contents: Buffer, headers: IncomingHttpHeaders): S3Object {
  const kept = Object.entries(headers).filter(([name]) => KEPT.test(name))
  return {
    contents,
    etag: `"${createHash('md5').update(contents).digest('hex')}"`,
    headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
    checksums: Object.fromEntries(checksumsIn(headers)),
    modifiedAt: new Date(),
  }
}

function checksumsIn(headers: IncomingHttpHeaders): [name: string, value: string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(CHECKSUM) ? [[name, String(value)]] : [],
  )
}
