import { emptyColumns, KEY_LENGTH, type KeyColumns, NO_ONSET, sliceColumns } from '@ens/domain'
import { type CopiedRow, copiedRows } from '../copied-rows.ts'

/** Key; interval number (int4); interval count, report type, onset (or null) and risk (int2). */
const FIELDS = 6

/** A count of fields, their lengths, and what they hold at least. */
const LEAST_ROW_BYTES = 2 + FIELDS * 4 + KEY_LENGTH + 4 + 3 * 2

/** Takes the pieces of a copy of keys, in order, and gives the keys that are whole by then; they are good until the next call. */
export function keyPages(): (piece: Buffer) => KeyColumns {
  const eachRow = copiedRows(FIELDS)
  let columns = emptyColumns(0)
  return (piece) => {
    // A page may begin with what was left of the piece before it, which is less than a row.
    const most = Math.floor(piece.length / LEAST_ROW_BYTES) + 1
    if (columns.length < most) columns = emptyColumns(most)
    let count = 0
    eachRow(piece, (row) => writeRow(columns, count++, row))
    return sliceColumns(columns, 0, count)
  }
}

function writeRow(columns: KeyColumns, at: number, { bytes, starts, lengths }: CopiedRow): void {
  const [key = 0, number = 0, count = 0, type = 0, onset = 0, risk = 0] = starts
  bytes.copy(columns.keys, at * KEY_LENGTH, key, key + KEY_LENGTH)
  columns.intervalNumbers[at] = bytes.readInt32BE(number)
  columns.intervalCounts[at] = bytes.readInt16BE(count)
  columns.reportTypes[at] = bytes.readInt16BE(type)
  columns.daysSinceSymptomOnset[at] = (lengths[4] ?? 0) > 0 ? bytes.readInt16BE(onset) : NO_ONSET
  columns.transmissionRisks[at] = bytes.readInt16BE(risk)
}
