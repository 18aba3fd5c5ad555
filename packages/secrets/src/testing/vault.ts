import type { SecretManagerUnderTest } from './contract.ts'

interface Place {
  address: string
  token: string
  /** Of a KV engine. */
  mount: string
  namespace?: string | undefined
}

type Under = Required<Pick<SecretManagerUnderTest, 'reference' | 'add'>>

/** Stores secrets in an engine that keeps versions (KV v2), below a folder of this run's own. */
export function versionedSecrets(place: Place, folder: string): Under {
  const pathOf = (name: string) => `${place.mount}/data/${folder}/${name}`
  return {
    reference: pathOf,
    async add(name, value) {
      const answer = await write(place, pathOf(name), { data: { value } })
      return `${pathOf(name)}?version=${answer?.data?.version ?? 'none'}`
    },
  }
}

/** Stores secrets in an engine that keeps one value each (KV v1). */
export function plainSecrets(place: Place, folder: string): Under {
  const pathOf = (name: string) => `${place.mount}/${folder}/${name}`
  return {
    reference: pathOf,
    async add(name, value) {
      await write(place, pathOf(name), { value })
      return pathOf(name)
    },
  }
}

async function write(
  { address, token, namespace }: Place,
  path: string,
  body: object,
): Promise<{ data?: { version?: number } } | undefined> {
  const response = await fetch(`${address}/v1/${path}`, {
    method: 'POST',
    headers: { 'x-vault-token': token, ...(namespace && { 'x-vault-namespace': namespace }) },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`Vault answered ${response.status} to ${path}`)
  const text = await response.text()
  return text === '' ? undefined : JSON.parse(text)
}
