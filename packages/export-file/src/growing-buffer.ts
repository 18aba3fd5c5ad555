/** Bytes in one piece of memory, to which more can be put. Pieces that are put together at the end take twice as much for a moment. */
export interface GrowingBuffer {
  readonly length: number
  append(bytes: Uint8Array): void
  /** What it holds so far; good until more is put to it. */
  contents(): Buffer
}

/** @param expectedBytes How long it will become. When it becomes longer its bytes have to be moved. */
export function growingBuffer(expectedBytes: number): GrowingBuffer {
  let memory = Buffer.allocUnsafeSlow(expectedBytes)
  let length = 0
  return {
    get length() {
      return length
    },
    append(bytes) {
      const needed = length + bytes.length
      if (needed > memory.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * memory.length))
        memory.copy(larger, 0, 0, length)
        memory = larger
      }
      memory.set(bytes, length)
      length = needed
    },
    contents: () => memory.subarray(0, length),
  }
}
