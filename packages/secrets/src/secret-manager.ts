/** What is not UTF-8 comes as bytes. */
export type SecretValue = string | Uint8Array

/** Far more than a key, a password or a bundle of certificates has; the services allow less, but Kubernetes this much. */
export const MAX_SECRET_BYTES = 1024 * 1024

/** An abort ends the wait with `secret_manager_unavailable`, its reason as the cause. */
export interface CallOptions {
  signal?: AbortSignal | undefined
  /** For caches: a value that was read longer ago is read anew, though its time is not over. */
  maxAgeMs?: number | undefined
}

/** Where secrets are kept. A name is the provider's own, such as `projects/P/secrets/S/versions/latest`. */
export interface SecretManager {
  /**
   * Throws `secret_not_found`, `secret_access_denied`, `secret_too_large` above `MAX_SECRET_BYTES`, or `secret_manager_unavailable` when the provider is out of reach,
   * throttles, or does not answer in time.
   */
  get(name: string, options?: CallOptions): Promise<SecretValue>
}
