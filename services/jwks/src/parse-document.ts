import { jwksDocumentInvalid, jwksTooLarge, jwksWithoutKeys } from './errors.ts'
import { type ListedKey, readJwk, type UnusableKey } from './read-jwk.ts'

export interface KeyDocument {
  /** At least one, each with a version of its own. */
  keys: ListedKey[]
  /** Well-formed, but of a kind that certificates are not signed with. */
  unusable: UnusableKey[]
}

/** An authority needs a few; this bounds what a broken or hostile one makes us store. */
const MOST_LISTED = 100

/**
 * Reads a JWK Set (RFC 7517) or, as verification servers send it, the bare list of its keys. Strict: one element that is broken,
 * or that holds a private key, makes the whole document fail, and so does the absence of any key that we can use: what a
 * mistake left out must not look revoked.
 */
export function parseDocument(bytes: Uint8Array): KeyDocument {
  const listed = listOf(parseJson(bytes))
  if (listed.length > MOST_LISTED) {
    throw jwksTooLarge(`the document lists ${listed.length} keys; at most ${MOST_LISTED} are read`)
  }
  const outcomes = listed.map((element, index) =>
    readJwk(element, `key ${index + 1} of ${listed.length}`),
  )
  const keys = outcomes.flatMap((outcome) => ('publicKey' in outcome ? [outcome] : []))
  const unusable = outcomes.flatMap((outcome) => ('reason' in outcome ? [outcome] : []))
  if (keys.length === 0) throw withoutKeys(unusable)
  refuseRepeatedVersions(keys)
  return { keys, unusable }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // The parser's own words quote the document.
    throw jwksDocumentInvalid(
      bytes.length === 0 ? 'the document is empty' : 'the document is not JSON',
    )
  }
}

function listOf(value: unknown): unknown[] {
  const list = isObject(value) ? value.keys : value
  if (Array.isArray(list)) return list
  throw jwksDocumentInvalid('the document is neither a list of keys nor an object with "keys"')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withoutKeys([first]: UnusableKey[]) {
  if (!first) return jwksWithoutKeys('the document lists no keys; nothing was revoked')
  return jwksWithoutKeys(
    `the document lists no EC key on P-256 (one ${first.reason}); nothing was revoked`,
  )
}

function refuseRepeatedVersions(keys: ListedKey[]): void {
  const byVersion = new Map(keys.map(({ version, publicKey }) => [version, publicKey]))
  if (keys.every(({ version, publicKey }) => byVersion.get(version) === publicKey)) return
  throw jwksDocumentInvalid('the document lists two different keys under one kid')
}
