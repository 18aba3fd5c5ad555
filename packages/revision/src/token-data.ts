import { tokenDataMessage } from './messages.ts'

/** A key that the holder of a token may revise, as it was published. */
export interface RevisableKey {
  key: Uint8Array
  intervalNumber: number
  intervalCount: number
}

/** What one key of today takes in a token: 16 bytes, a start of 4, a count of 2, and what surrounds them. */
const ENTRY_BYTES = 28
/** Room for 32 keys, so that the token of one publish always has the same length. */
const BLOCK_BYTES = 32 * ENTRY_BYTES
/** Tag and length of an entry, then tag and length of the key in it. */
const FILLER_HEADER_BYTES = 4
/** Tag and length of an entry without a key. */
const EMPTY_FILLER_BYTES = 2
/** Field 1, with a length: an entry in the data, and the key in an entry. */
const TAG = 0x0a

/**
 * The keys, filled up to a multiple of 896 bytes, and to no less than `minLength` keys would take: neither length
 * nor anything else outside the encryption tells how many keys there are.
 */
export function encodeTokenData(keys: RevisableKey[], minLength = 0): Buffer {
  const real = encodeEntries(keys)
  const data = Buffer.alloc(filledLength(real.length, minLength))
  real.copy(data)
  writeFillers(data, real.length)
  return data
}

/** The keys in their order, without fillers; undefined if the bytes are no token data. */
export function decodeTokenData(data: Uint8Array): RevisableKey[] | undefined {
  const entries = tokenDataMessage.decode(data)?.revisableKeys.map((entry) => ({
    key: Buffer.from(entry.temporaryExposureKey),
    intervalNumber: entry.intervalNumber,
    intervalCount: entry.intervalCount,
  }))
  return entries?.filter((entry) => !isFiller(entry))
}

function encodeEntries(keys: RevisableKey[]): Buffer {
  const revisableKeys = keys.map(({ key, intervalNumber, intervalCount }) => {
    return { temporaryExposureKey: key, intervalNumber, intervalCount }
  })
  return tokenDataMessage.encode({ revisableKeys })
}

/** Readers have always discarded entries that start at 0 and last for 0 intervals, whatever their key. */
function isFiller({ intervalNumber, intervalCount }: RevisableKey): boolean {
  return intervalNumber === 0 && intervalCount === 0
}

function filledLength(length: number, minLength: number): number {
  const blocks = Math.ceil(Math.max(length, minLength * ENTRY_BYTES, 1) / BLOCK_BYTES)
  const room = blocks * BLOCK_BYTES - length
  // No filler takes one byte or three.
  return (room === 1 || room === 3 ? blocks + 1 : blocks) * BLOCK_BYTES
}

/**
 * Fills zeroed bytes from here to their end with entries. By hand: most publishes have as many fillers as keys, and to encode
 * these as messages would take longer than to encrypt the token.
 */
function writeFillers(data: Buffer, from: number): void {
  for (let at = from; at < data.length; at += writeFiller(data, at));
}

/** Of the usual size; the last one takes what is left, up to twice as much, so that no rest is too small. */
function writeFiller(data: Buffer, at: number): number {
  const left = data.length - at
  data[at] = TAG
  if (left <= FILLER_HEADER_BYTES) return EMPTY_FILLER_BYTES
  const bytes = left < 2 * ENTRY_BYTES ? left : ENTRY_BYTES
  data[at + 1] = bytes - EMPTY_FILLER_BYTES
  data[at + 2] = TAG
  data[at + 3] = bytes - FILLER_HEADER_BYTES
  return bytes
}
