import { exportConfigs, type Queryable, signatureInfos } from '@ens/database'
import { liveSignatureInfos, type SignatureInfo } from '@ens/domain'
import { exportWithoutSigner } from '@ens/export-file'
import { type CallOptions, keyManagerUnavailable, type Signer } from '@ens/keys'
import type { ExportDeps, OpenSigner } from './deps.ts'

type SigningDeps = Pick<ExportDeps, 'db' | 'keyManager' | 'now'>

/** Longest that one call of the key manager may take. */
const CALL_TIMEOUT_MS = 20_000

export interface SignedBatch {
  configId: number
  signatureInfoIds: readonly number[]
}

/**
 * What signs a batch at that moment: what was named when it was made, or, when all of that has ended, what its config names
 * now, so that a window whose keys ended while it waited leaves with their successors.
 */
export async function listSigning(
  db: Queryable,
  { configId, signatureInfoIds }: SignedBatch,
  at: Date,
): Promise<SignatureInfo[]> {
  const named = liveSignatureInfos(await signatureInfos.listByIds(db, signatureInfoIds), at)
  if (named.length > 0) return named
  const config = await exportConfigs.find(db, configId)
  const successors = await signatureInfos.listByIds(db, config?.signatureInfoIds ?? [])
  return liveSignatureInfos(successors, at)
}

/**
 * The keys that sign a batch now, the newest first. Without any, or if one cannot be reached in time, nothing may be published;
 * throws `export_signer_missing`, `key_manager_unavailable`.
 */
export async function openSigners(
  { db, keyManager, now }: SigningDeps,
  batch: SignedBatch,
  signal: AbortSignal,
  callTimeoutMs = CALL_TIMEOUT_MS,
): Promise<OpenSigner[]> {
  const live = await listSigning(db, batch, now())
  if (live.length === 0)
    throw exportWithoutSigner(
      `export config ${batch.configId} has no signature info that is still valid`,
    )
  return Promise.all(
    live.map(async ({ keyId, keyVersion, signingKey }) => {
      const signer = await inTime(signal, callTimeoutMs, (limited) =>
        keyManager.signer(signingKey, { signal: limited }),
      )
      return { keyId, keyVersion, signer: signingInTime(signer, callTimeoutMs) }
    }),
  )
}

function signingInTime(signer: Signer, limitMs: number): Signer {
  return {
    publicKey: signer.publicKey,
    sign: (digest, { signal }: CallOptions = {}) =>
      inTime(signal, limitMs, (limited) => signer.sign(digest, { signal: limited })),
  }
}

/** Waits no longer than the limit, whether or not the call heeds its signal. */
async function inTime<T>(
  signal: AbortSignal | undefined,
  limitMs: number,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(limitMs)
  const limited = signal ? AbortSignal.any([signal, timeout]) : timeout
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const onAbort = () =>
    reject(
      keyManagerUnavailable('the key manager did not answer in time', { cause: limited.reason }),
    )
  limited.addEventListener('abort', onAbort, { once: true })
  try {
    limited.throwIfAborted()
    return await Promise.race([call(limited), ended])
  } finally {
    limited.removeEventListener('abort', onAbort)
  }
}
