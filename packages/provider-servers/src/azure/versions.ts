import { randomBytes } from 'node:crypto'
import { Refusal } from './http.ts'

/** What keys and secrets have in common: names, versions, attributes, tags. */
export interface Version<Content> {
  version: string
  content: Content
  enabled: boolean
  /** Unix seconds; Key Vault keeps no finer time. */
  created: number
  updated: number
  tags: unknown
  /** Unix seconds after which it signs and encrypts no more. */
  exp?: number | undefined
}

const PAGE = 25

export class Versions<Content> {
  readonly #versions = new Map<string, Version<Content>[]>()
  readonly #noun: 'Key' | 'Secret'

  constructor(noun: 'Key' | 'Secret') {
    this.#noun = noun
  }

  add(name: string, content: Content, tags: unknown): Version<Content> {
    const now = Math.floor(Date.now() / 1_000)
    const version = randomBytes(16).toString('hex')
    const added = { version, content, enabled: true, created: now, updated: now, tags }
    this.#versions.set(name, [...(this.#versions.get(name) ?? []), added])
    return added
  }

  /** That version, or without one the newest. */
  get(name: string, version = ''): Version<Content> {
    const versions = this.#versions.get(name) ?? []
    const found = version ? versions.find((one) => one.version === version) : versions.at(-1)
    if (found) return found
    throw new Refusal(
      404,
      `${this.#noun}NotFound`,
      `A ${this.#noun.toLowerCase()} with (name/id) ${name}/${version} was not found in this key vault.`,
    )
  }

  /** As `get`, for what a version that is disabled must not be used for. */
  getEnabled(name: string, version: string | undefined, operation: string): Version<Content> {
    const found = this.get(name, version)
    if (found.enabled) return found
    const noun = this.#noun.toLowerCase()
    throw new Refusal(
      403,
      'Forbidden',
      `Operation ${operation} is not allowed on a disabled ${noun}.`,
      {
        inner: `${this.#noun}Disabled`,
      },
    )
  }

  /** A page in the order of the versions' ids, which says nothing of their age; and where the next one begins. */
  page(name: string, start: number): { versions: Version<Content>[]; next: number | undefined } {
    const all = [...(this.#versions.get(name) ?? [])].sort((a, b) =>
      a.version < b.version ? -1 : 1,
    )
    const next = start + PAGE < all.length ? start + PAGE : undefined
    return { versions: all.slice(start, start + PAGE), next }
  }
}

export function attributesOf({ enabled, created, updated, exp }: Version<unknown>) {
  return { enabled, created, updated, exp, recoveryLevel: 'Recoverable+Purgeable' }
}
