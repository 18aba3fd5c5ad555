import { decodeBase64 } from '@ens/domain'
import { seal, unseal } from '@ens/keys'
import { tokenMessage } from './messages.ts'
import { decodeTokenData, encodeTokenData, type RevisableKey } from './token-data.ts'

/** How many keys the shortest token has room for, as the reference server has it. */
export const DEFAULT_MIN_LENGTH = 28

const KID = /^\+?0*([0-9]{1,19})$/

export interface SealOptions {
  /** Names the key in the token. */
  kid: number
  /** The data key, 32 bytes. */
  dek: Uint8Array
  aad: Uint8Array
  /** Every token has room for so many keys. */
  minLength?: number | undefined
}

export interface OpenOptions {
  aad: Uint8Array
  /** The data key that a token names, if it may still be used. */
  findDek: (kid: number) => Uint8Array | undefined
}

/**
 * The token (standard base64) with which its holder may revise these keys. Tokens of one publish all have the same
 * length, whatever the number of keys.
 */
export function sealToken(keys: RevisableKey[], options: SealOptions): string {
  const { kid, dek, aad, minLength = DEFAULT_MIN_LENGTH } = options
  const data = seal(dek, encodeTokenData(keys, minLength), aad)
  return tokenMessage.encode({ kid: String(kid), data }).toString('base64')
}

/** A token from outside. Nothing of it is verified yet. */
export interface SealedToken {
  /** The data key that it claims to be sealed with. */
  kid: number
  sealed: Uint8Array
}

/** Undefined if the text is no token: no base64 (in any of its forms), no message, or no number of a key. */
export function parseToken(token: string): SealedToken | undefined {
  const bytes = decodeBase64(token)
  const envelope = bytes && tokenMessage.decode(bytes)
  if (!envelope) return undefined
  const kid = kidNumber(envelope.kid)
  return kid === undefined ? undefined : { kid, sealed: envelope.data }
}

/** The keys in a token; undefined unless it was sealed with this data key and this associated data. */
export function openSealed(
  { sealed }: SealedToken,
  dek: Uint8Array,
  aad: Uint8Array,
): RevisableKey[] | undefined {
  const data = unseal(dek, sealed, aad)
  return data && decodeTokenData(data)
}

/** `parseToken` and `openSealed` in one, where the data keys are at hand. */
export function openToken(token: string, options: OpenOptions): RevisableKey[] | undefined {
  const parsed = parseToken(token)
  const dek = parsed && options.findDek(parsed.kid)
  return parsed && dek && openSealed(parsed, dek, options.aad)
}

/** Decimal, as a database numbers its rows; a plus and leading zeros do not matter, blanks do. */
function kidNumber(text: string): number | undefined {
  const [, digits] = KID.exec(text) ?? []
  const kid = Number(digits)
  return Number.isSafeInteger(kid) ? kid : undefined
}
