import { createHmac, timingSafeEqual } from 'node:crypto'
import type { SentKey } from '@ens/domain'

/**
 * The HMAC-SHA-256 by which a certificate names its keys (`tekmac`): over each key's base64 text
 * exactly as it is sent, interval number, interval count and risk, sorted by that text. Throws
 * RangeError for no keys, which nobody can vouch for.
 */
export function calculateHmac(keys: readonly SentKey[], hmacKey: Uint8Array): Buffer {
  if (keys.length === 0) throw new RangeError('cannot calculate hmac on empty exposure keys')
  return digest(inHmacOrder(keys).map(withRisk), hmacKey)
}

/** Whether a digest is one that these keys may have. If no key has a risk, it may also leave the risks out. */
export function isHmacOf(
  digestOfKeys: Uint8Array,
  keys: readonly SentKey[],
  hmacKey: Uint8Array,
): boolean {
  const inOrder = inHmacOrder(keys)
  if (isEqual(digest(inOrder.map(withRisk), hmacKey), digestOfKeys)) return true
  const hasRisk = keys.some(({ transmissionRisk }) => transmissionRisk !== 0)
  return !hasRisk && isEqual(digest(inOrder.map(withoutRisk), hmacKey), digestOfKeys)
}

/** Bytewise by text. Equal texts come out in reverse, as verification servers in use have it. */
function inHmacOrder(keys: readonly SentKey[]): SentKey[] {
  return [...keys].reverse().sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))
}

function withoutRisk({ key, rollingStartNumber, rollingPeriod }: SentKey): string {
  return `${key}.${rollingStartNumber}.${rollingPeriod}`
}

function withRisk(sent: SentKey): string {
  return `${withoutRisk(sent)}.${sent.transmissionRisk}`
}

function digest(segments: readonly string[], hmacKey: Uint8Array): Buffer {
  return createHmac('sha256', hmacKey).update(segments.join(',')).digest()
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
