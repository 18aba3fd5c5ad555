import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CopiedRow, copiedRows } from './copied-rows.ts'

type Row = (Uint8Array | null)[]

const FIELDS = 3

/** As PostgreSQL writes it. */
function copied(rows: readonly Row[]): Buffer {
  const int16 = (value: number) => Buffer.from([(value >> 8) & 255, value & 255])
  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(value)
    return bytes
  }
  return Buffer.concat([
    Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'),
    int32(0),
    int32(0),
    ...rows.flatMap((row) => [
      int16(row.length),
      ...row.flatMap((value) => (value ? [int32(value.length), value] : [int32(-1)])),
    ]),
    int16(-1),
  ])
}

function toRow({ bytes, starts, lengths }: CopiedRow): Row {
  return Array.from({ length: FIELDS }, (_, field) => {
    const [start = 0, length = 0] = [starts[field], lengths[field]]
    return length < 0 ? null : Uint8Array.from(bytes.subarray(start, start + length))
  })
}

const row = fc.array(fc.option(fc.uint8Array({ maxLength: 20 })), {
  minLength: FIELDS,
  maxLength: FIELDS,
})

test('every row comes out once, wherever the pieces are cut', () => {
  fc.assert(
    fc.property(fc.array(row), fc.array(fc.nat({ max: 40 })), (rows, sizes) => {
      const take = copiedRows(FIELDS)
      const whole = copied(rows)
      const taken: Row[] = []
      let at = 0
      for (const size of [...sizes, whole.length]) {
        take(whole.subarray(at, at + size), (one) => taken.push(toRow(one)))
        at += size
      }
      expect(taken).toEqual(rows)
    }),
  )
})

test('rows of another number of fields are refused', () => {
  const take = copiedRows(FIELDS)
  const bytes = copied([[Buffer.from('x')]])
  expect(() => take(bytes, () => {})).toThrow('a copied row of 1 fields')
})
