/** Why there is no answer: nothing was asked, or it may have been carried out, or one came that is longer than any of Vault's. */
type Reason = 'not-asked' | 'lost' | 'too-long'

/** Vault gave no answer in time, or none that can be understood. The caller gives it a code of its own. */
export class VaultUnreachable extends Error {
  override readonly name = 'VaultUnreachable'
  readonly reason: Reason

  constructor(reason: Reason, message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

export function isVaultUnreachable(error: unknown): error is VaultUnreachable {
  return error instanceof VaultUnreachable
}
