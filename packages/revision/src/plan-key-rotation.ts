export interface RotatableKey {
  kid: number
  createdAt: Date
  /** False for a key that was destroyed; those take no part. */
  allowed?: boolean
}

export interface KeyRotationPlan {
  create: boolean
  /** The kids of the keys to destroy. */
  destroy: number[]
}

/**
 * Which revision keys to make and to destroy now. A key is replaced at the age of `newKeyPeriodMs`, and destroyed once its
 * successor is `deleteOldKeyPeriodMs` old: so long do the tokens that it sealed last remain good.
 */
export function planKeyRotation(
  keys: RotatableKey[],
  now: Date,
  newKeyPeriodMs: number,
  deleteOldKeyPeriodMs: number,
): KeyRotationPlan {
  const age = ({ createdAt }: RotatableKey) => now.getTime() - createdAt.getTime()
  const newestFirst = keys.filter(({ allowed = true }) => allowed).sort(byAge)
  const [newest, ...older] = newestFirst
  const destroyed = older.filter((_, index) => {
    const successor = newestFirst[index]
    return successor !== undefined && age(successor) >= deleteOldKeyPeriodMs
  })
  return {
    create: !newest || age(newest) >= newKeyPeriodMs,
    destroy: destroyed.map(({ kid }) => kid),
  }
}

/** Newest first; the one that seals tokens is the first. */
export function byAge(a: RotatableKey, b: RotatableKey): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || b.kid - a.kid
}
