import { PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3'
import { conditionalWriteUnsupported } from '../errors.ts'
import { PARTIAL_PREFIX } from '../names.ts'
import { hasStatus } from './failures.ts'

/** An empty object that stays in the bucket; no object of ours can be called so. */
const PROBE = `${PARTIAL_PREFIX}conditions`
/** Not the ETag of an empty object. */
const OTHER_ETAG = `"${'0'.repeat(32)}"`

/**
 * Returns what must be awaited before a conditional write to a bucket. S3 honours conditions; a store that speaks its
 * protocol may pass over the headers and overwrite without a word. So once per bucket such a store is tried with an empty
 * object, and nothing else is written unless it refuses what it must; `conditional_write_unsupported` is thrown.
 */
export function conditionChecker(client: S3Client, { trusted }: { trusted: boolean }) {
  const checked = new Set<string>()

  async function isWritten(
    bucket: string,
    condition: Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const probe = { Bucket: bucket, Key: PROBE, Body: Buffer.of(), ContentType: 'text/plain' }
    try {
      await client.send(new PutObjectCommand({ ...probe, ...condition }), { abortSignal: signal })
      return true
    } catch (error) {
      if (hasStatus(error, 412)) return false
      if (hasStatus(error, 501)) return true // says that it does not know the header, which is as bad
      throw error
    }
  }

  return async (bucket: string, signal: AbortSignal): Promise<void> => {
    if (trusted || checked.has(bucket)) return
    await isWritten(bucket, {}, signal)
    for (const condition of [{ IfNoneMatch: '*' }, { IfMatch: OTHER_ETAG }]) {
      if (!(await isWritten(bucket, condition, signal))) continue
      throw conditionalWriteUnsupported(
        `the store behind AWS_ENDPOINT_URL_S3 does not honour ${Object.keys(condition).join()}, so it could overwrite what is published`,
      )
    }
    checked.add(bucket)
  }
}
