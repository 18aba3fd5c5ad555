/** How long the padding of replies is, before base64. */
export interface PaddingSize {
  minBytes: number
  rangeBytes: number
}

/** A whole number from 0 up to, not including, the limit; every one equally likely. */
type RandomInteger = (limit: number) => number

export interface Random {
  integer: RandomInteger
  bytes: (length: number) => Buffer
}

/** What a size that is not positive becomes, as in the reference server. */
const USUAL_BYTES = 1024

/**
 * Random text that hides how long the rest of a reply is: standard base64 of `minBytes` or more bytes, fewer than
 * `minBytes + rangeBytes`.
 */
export function responsePadding({ minBytes, rangeBytes }: PaddingSize, random: Random): string {
  const extra = random.integer(positive(rangeBytes))
  return random.bytes(positive(minBytes) + extra).toString('base64')
}

function positive(bytes: number): number {
  return bytes > 0 ? bytes : USUAL_BYTES
}
