/** Where secrets are kept. A name is the provider's own, such as `projects/P/secrets/S/versions/latest`. */
export interface SecretManager {
  /** Throws `secret_not_found`, or `secret_manager_unavailable` when the provider is out of reach. */
  get(name: string): Promise<string>
}
