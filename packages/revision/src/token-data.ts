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

/**
 * The keys, filled up to a multiple of 896 bytes, and to no less than `minLength` keys would take: neither length
 * nor anything else outside the encryption tells how many keys there are.
 */
export function encodeTokenData(keys: RevisableKey[], minLength = 0): Buffer {
  const real = encodeEntries(keys)
  const fillers = fillersOf(filledLength(real.length, minLength) - real.length)
  return Buffer.concat([real, encodeEntries(fillers)])
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
  const revisableKeys = keys.map(({ key, ...interval }) => {
    return { temporaryExposureKey: key, ...interval }
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

/** Entries that take exactly this many bytes together. */
function fillersOf(bytes: number): RevisableKey[] {
  const lengths: number[] = []
  // The last one takes what is left, up to twice the usual, so that no rest is too small.
  for (let left = bytes; left > 0; left -= lengths.at(-1) ?? left) {
    if (left <= FILLER_HEADER_BYTES) lengths.push(EMPTY_FILLER_BYTES)
    else lengths.push(left < 2 * ENTRY_BYTES ? left : ENTRY_BYTES)
  }
  return lengths.map(fillerOf)
}

function fillerOf(bytes: number): RevisableKey {
  const key = Buffer.alloc(Math.max(bytes - FILLER_HEADER_BYTES, 0))
  return { key, intervalNumber: 0, intervalCount: 0 }
}
