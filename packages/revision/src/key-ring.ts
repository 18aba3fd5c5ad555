import type { KeyManager } from '@ens/keys'
import { revisionKeysUnavailable } from './errors.ts'
import { byAge } from './plan-key-rotation.ts'
import {
  type NewRevisionKey,
  newRevisionKey,
  unwrapRevisionKey,
  type WrappedRevisionKey,
} from './revision-key.ts'

export interface KeyRingDeps {
  /** The keys that are allowed. */
  load: () => Promise<WrappedRevisionKey[]>
  /** Stores the first key and returns it, or returns one that somebody else stored meanwhile. Without it none is made. */
  create?: (key: NewRevisionKey) => Promise<WrappedRevisionKey>
  keyManager: KeyManager
  /** The key of the key manager that wraps revision keys. */
  keyId: string
  now: () => Date
  /** How often the keys are read again: so soon a rotation, or a destroyed key, is known here. */
  refreshMs: number
  onAlarm?: (alarm: KeyRingAlarm) => void
}

/** What an operator must hear of, again at each refresh until it is mended. Publishing goes on as long as one key is held. */
export type KeyRingAlarm =
  | { problem: 'refresh_failed'; error: unknown }
  | { problem: 'key_unreadable'; kid: number; error: unknown }

/** A data key, unwrapped. */
export interface RevisionKey {
  kid: number
  dek: Uint8Array
}

/** Holds the data keys of revision tokens in memory, and reads them again in the background. */
export interface KeyRing {
  /** The key to seal with: the newest that is allowed and readable. Throws `revision_keys_unavailable` if there is none. */
  effective(): Promise<RevisionKey>
  /**
   * The key of this number; undefined if there is none, so that the token is not good. Throws
   * `revision_keys_unavailable` while that cannot be told, so that no good token is blamed for an outage.
   */
  find(kid: number): Promise<RevisionKey | undefined>
  /** Reads the keys now; rejects if that fails, and what is held stays. */
  refresh(): Promise<void>
  /** Ends the background refresh. */
  close(): void
}

/** An unknown key number, which anybody can make up, leads to no more than one refresh in this time. */
const REFRESH_SPACING_MS = 1_000
/** A key manager that hangs counts as failing. */
const KEY_MANAGER_TIMEOUT_MS = 5_000

/** Starts reading the keys at once; whoever needs one before they are read waits for them. */
export function createKeyRing(deps: KeyRingDeps): KeyRing {
  const ring = new RefreshingKeyRing(deps)
  ring.refreshInBackground()
  return ring
}

interface HeldKey extends WrappedRevisionKey, RevisionKey {}

interface Keys {
  /** Newest first. */
  readable: HeldKey[]
  unreadable: number[]
}

class RefreshingKeyRing implements KeyRing {
  readonly #deps: KeyRingDeps
  readonly #timer: NodeJS.Timeout
  #keys: Keys = { readable: [], unreadable: [] }
  #lastRefresh: 'none' | 'succeeded' | 'failed' = 'none'
  #lastRefreshAt = new Date(0)
  #refreshing: Promise<void> | undefined

  constructor(deps: KeyRingDeps) {
    this.#deps = deps
    this.#timer = setInterval(() => this.refreshInBackground(), deps.refreshMs).unref()
  }

  async effective(): Promise<RevisionKey> {
    if (this.#keys.readable.length === 0) await this.#refreshSoon()
    const [newest] = this.#keys.readable
    if (!newest) throw revisionKeysUnavailable('no key to seal revision tokens with')
    return newest
  }

  async find(kid: number): Promise<RevisionKey | undefined> {
    const held = this.#held(kid)
    if (held) return held
    // Another instance may have made it a moment ago.
    await this.#refreshSoon()
    const found = this.#held(kid)
    if (!found && this.#mayExist(kid)) {
      throw revisionKeysUnavailable('the key of a revision token cannot be read at present')
    }
    return found
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  refreshInBackground(): void {
    // What failed has been told to `onAlarm`, and is known to who asks for a key.
    this.refresh().catch(() => {})
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #held(kid: number): HeldKey | undefined {
    return this.#keys.readable.find((key) => key.kid === kid)
  }

  #mayExist(kid: number): boolean {
    return this.#lastRefresh !== 'succeeded' || this.#keys.unreadable.includes(kid)
  }

  /** Waits for a refresh that is under way or begins one, unless the last one began a moment ago. */
  async #refreshSoon(): Promise<void> {
    const sinceLastMs = Math.abs(this.#deps.now().getTime() - this.#lastRefreshAt.getTime())
    if (!this.#refreshing && sinceLastMs < REFRESH_SPACING_MS) return
    await this.refresh().catch(() => {})
  }

  async #refresh(): Promise<void> {
    this.#lastRefreshAt = this.#deps.now()
    try {
      const listed = await this.#deps.load()
      this.#keys = await this.#unwrapAll(listed.length > 0 ? listed : await this.#firstKey())
      this.#lastRefresh = 'succeeded'
    } catch (error) {
      this.#lastRefresh = 'failed'
      this.#deps.onAlarm?.({ problem: 'refresh_failed', error })
      throw error
    }
  }

  async #firstKey(): Promise<WrappedRevisionKey[]> {
    const { create, keyManager, keyId, now } = this.#deps
    if (!create) return []
    const key = await newRevisionKey(keyManager, keyId, now(), deadline())
    return [await create(key)]
  }

  async #unwrapAll(listed: WrappedRevisionKey[]): Promise<Keys> {
    const outcomes = await Promise.all(listed.map((key) => this.#unwrap(key)))
    const readable = outcomes.filter((key) => key !== undefined).sort(byAge)
    const kids = new Set(readable.map(({ kid }) => kid))
    return { readable, unreadable: listed.map(({ kid }) => kid).filter((kid) => !kids.has(kid)) }
  }

  /** A key that is held already needs no key manager; one that cannot be unwrapped costs only itself. */
  async #unwrap(key: WrappedRevisionKey): Promise<HeldKey | undefined> {
    const held = this.#held(key.kid)
    if (held && Buffer.compare(held.wrappedKey, key.wrappedKey) === 0) return held
    const { keyManager, keyId, onAlarm } = this.#deps
    try {
      return { ...key, dek: await unwrapRevisionKey(keyManager, keyId, key, deadline()) }
    } catch (error) {
      onAlarm?.({ problem: 'key_unreadable', kid: key.kid, error })
      return undefined
    }
  }
}

function deadline(): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(KEY_MANAGER_TIMEOUT_MS) }
}
