/** What a message of PostgreSQL begins with: its code, and its length without the code (protocol 3.0, "Message Formats"). */
const HEADER_BYTES = 5

const COPY_DATA = 0x64 // d
const COPY_DONE = 0x63 // c
/** CopyOutResponse, with which it begins, and what the server may say between its rows: notices, notifications, new settings. */
const OF_COPY = new Set([COPY_DATA, 0x48, 0x4e, 0x41, 0x53])

const NOTHING = Buffer.alloc(0)

export interface CopiedPiece {
  /** What was copied, without the messages around it. Lies in the chunk that was given. */
  data: Buffer
  /** From where on the driver has to read on: all was copied, or the server refuses. */
  rest: Buffer | undefined
}

/**
 * Takes what the server sends during a copy out of its messages, of which there is one for each row. Give it the chunks in order, as
 * they come from the socket, until there is a rest; each is overwritten, which saves a buffer for every row.
 */
export function copyData(): (chunk: Buffer) => CopiedPiece {
  let bytes: Buffer = NOTHING
  let at = 0
  /** How much of the message in hand is still to come, and whether it is data. */
  let left = 0
  let isData = false
  /** How much data lies at the beginning of the bytes. */
  let length = 0

  function takeMessage(): void {
    const end = Math.min(at + left, bytes.length)
    if (isData) {
      bytes.copyWithin(length, at, end)
      length += end - at
    }
    left -= end - at
    at = end
  }

  /** False if it is not all there, or none of the copy. */
  function takeHeader(): boolean {
    const code = bytes[at] ?? 0
    if (at + HEADER_BYTES > bytes.length || !OF_COPY.has(code)) return false
    isData = code === COPY_DATA
    left = bytes.readUInt32BE(at + 1) - (HEADER_BYTES - 1)
    at += HEADER_BYTES
    return true
  }

  /** What is left of the chunk, if it is no header that was cut. */
  function findRest(): Buffer | undefined {
    if (at + HEADER_BYTES > bytes.length) return undefined
    return bytes.subarray(bytes[at] === COPY_DONE ? at + HEADER_BYTES : at)
  }

  return (chunk) => {
    bytes = at < bytes.length ? Buffer.concat([bytes.subarray(at), chunk]) : chunk
    at = 0
    length = 0
    do takeMessage()
    while (takeHeader())
    return { data: bytes.subarray(0, length), rest: findRest() }
  }
}
