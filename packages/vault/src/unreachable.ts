/** Vault gave no answer in time, or none that can be understood. The caller gives it a code of its own. */
class VaultUnreachable extends Error {
  override readonly name = 'VaultUnreachable'
}

export function unreachable(message: string, cause?: unknown): Error {
  return new VaultUnreachable(message, { cause })
}

export function isVaultUnreachable(error: unknown): error is Error {
  return error instanceof VaultUnreachable
}
