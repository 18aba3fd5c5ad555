import {
  isVaultUnreachable,
  openVault,
  pathSegments,
  type Vault,
  type VaultAnswer,
  type VaultConfig,
  type VaultRequest,
} from '@ens/vault'
import { z } from 'zod'
import {
  secretAccessDenied,
  secretManagerUnavailable,
  secretNotFound,
  secretTooLarge,
} from './errors.ts'
import type { SecretManager } from './secret-manager.ts'

/**
 * Secrets of Vault's KV engine, each the text under the key `value` (operations.md, section 3.2). A name is a path of the API:
 * `secret/data/db?version=2` where versions are kept (KV v2; without a version the newest), `kv/db` where not (KV v1).
 * https://developer.hashicorp.com/vault/api-docs/secret/kv
 */
export function hashicorpVaultSecretManager(config: VaultConfig | undefined): SecretManager {
  const vault = openVault(config)
  return {
    async get(name, options) {
      const { path, version } = parseReference(name)
      const query = version === undefined ? {} : { version }
      const answer = await ask(vault, { path, query, signal: options?.signal })
      return valueIn(answer, name, version)
    },
  }
}

const VERSION_SUFFIX = /\?version=([1-9][0-9]{0,8})$/

function parseReference(name: string): { path: string[]; version: string | undefined } {
  const [suffix = '', version] = VERSION_SUFFIX.exec(name) ?? []
  const path = pathSegments(name.slice(0, name.length - suffix.length))
  if (path) return { path, version }
  throw secretNotFound(
    `no secret of Vault is called ${JSON.stringify(name)}; secret/data/name?version=2 is a name`,
  )
}

async function ask(vault: Vault, request: VaultRequest): Promise<VaultAnswer> {
  try {
    return await vault.request(request)
  } catch (cause) {
    if (!isVaultUnreachable(cause)) throw cause
    const failure = cause.reason === 'too-long' ? secretTooLarge : secretManagerUnavailable
    throw failure(cause.message, { cause })
  }
}

const unversioned = z.object({ value: z.string() })
const versioned = z.object({ data: unversioned, metadata: z.object({ version: z.number() }) })

function valueIn(answer: VaultAnswer, name: string, version: string | undefined): string {
  if (answer.status !== 200) throw refusal(answer, name)
  const data = (answer.body as { data?: unknown } | undefined)?.data
  const kept = versioned.safeParse(data)
  if (kept.success) return kept.data.data.value
  const plain = unversioned.safeParse(data)
  if (!plain.success) throw secretNotFound(`the secret ${name} has no text under the key "value"`)
  if (version === undefined) return plain.data.value
  throw secretNotFound(`${name} pins a version, but its engine keeps none (KV v1)`)
}

function refusal({ status, words }: VaultAnswer, name: string): Error {
  const cause = new Error(`Vault answered ${status}: ${words}`)
  switch (status) {
    case 403:
      return secretAccessDenied(`Vault refuses this token the secret ${name}`, { cause })
    case 404:
      return secretNotFound(`Vault holds no secret ${name}`, { cause })
    default:
      return secretManagerUnavailable(`Vault answered ${status}`, { cause })
  }
}
