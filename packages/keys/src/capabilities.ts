import { keyOperationUnsupported } from './errors.ts'
import type { KeyManager, KeyManagerCapabilities } from './key-manager.ts'

export const EVERY_CAPABILITY: Readonly<KeyManagerCapabilities> = {
  sign: true,
  encrypt: true,
  associatedData: true,
  createKeys: true,
  createVersions: true,
  listVersions: true,
  destroyVersions: true,
}

export const NO_CAPABILITY: Readonly<KeyManagerCapabilities> = {
  sign: false,
  encrypt: false,
  associatedData: false,
  createKeys: false,
  createVersions: false,
  listVersions: false,
  destroyVersions: false,
}

/**
 * For the start of a service: throws `key_operation_unsupported` if the chosen key manager (NOOP, say) lacks
 * what the service cannot do without, so that it does not find out when the first key is due.
 */
export function requireCapabilities(
  keyManager: KeyManager,
  ...needed: (keyof KeyManagerCapabilities)[]
): void {
  const lacking = needed.filter((capability) => !keyManager.capabilities[capability])
  if (lacking.length === 0) return
  throw keyOperationUnsupported(
    `the key manager chosen by KEY_MANAGER cannot ${lacking.join(', ')}, which this service needs`,
  )
}
