/** `PGCOPY\n\377\r\n\0`, a field of flags and one of length; the extension that may follow is always empty. */
const HEADER_BYTES = 19

/** The value of a field that is null, and the count of fields that marks the end. */
const NONE = -1

/** One row: where each of its values begins in `bytes`, and how long it is; -1 if it is null. */
export interface CopiedRow {
  bytes: Buffer
  starts: Int32Array
  lengths: Int32Array
}

/** Shows each row that is whole by now; the row is good for that call only. */
export type CopiedRows = (piece: Buffer, show: (row: CopiedRow) => void) => void

/** Takes PostgreSQL's binary copy format apart (PostgreSQL documentation, COPY, Binary Format). Give it the pieces in order. */
export function copiedRows(fieldCount: number): CopiedRows {
  const starts = new Int32Array(fieldCount)
  const lengths = new Int32Array(fieldCount)
  let rest: Buffer = Buffer.alloc(0)
  let skipped = 0

  /** Where the row that begins here ends; undefined if it is not all there, or none follows. */
  function findRow(bytes: Buffer, start: number): number | undefined {
    if (start + 2 > bytes.length) return undefined
    const count = bytes.readInt16BE(start)
    if (count === NONE) return undefined
    if (count !== fieldCount) throw new RangeError(`a copied row of ${count} fields`)
    return findFields(bytes, start + 2)
  }

  function findFields(bytes: Buffer, start: number): number | undefined {
    let at = start
    for (let field = 0; field < fieldCount; field++) {
      if (at + 4 > bytes.length) return undefined
      const length = bytes.readInt32BE(at)
      starts[field] = at + 4
      lengths[field] = length
      at += 4 + Math.max(0, length)
    }
    return at <= bytes.length ? at : undefined
  }

  return (piece, show) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece
    let at = Math.min(HEADER_BYTES - skipped, bytes.length)
    skipped += at
    const row = { bytes, starts, lengths }
    for (let end = findRow(bytes, at); end !== undefined; end = findRow(bytes, at)) {
      show(row)
      at = end
    }
    rest = bytes.subarray(at)
  }
}
