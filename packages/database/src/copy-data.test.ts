import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyData } from './copy-data.ts'

function message(code: string, contents: Uint8Array): Buffer {
  const header = Buffer.alloc(5, code)
  header.writeUInt32BE(contents.length + 4, 1)
  return Buffer.concat([header, contents])
}

/** Cut after so many bytes each, as a network may. */
function chunks(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const cut: Buffer[] = []
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    cut.push(Buffer.from(bytes.subarray(at, at + size)))
    at += size
  }
  return cut
}

const contents = fc.uint8Array({ maxLength: 30 })
const between = fc.tuple(fc.constantFrom('H', 'N', 'A', 'S'), contents)
const messages = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.tuple(fc.constant('d'), contents) }, between),
)
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 })
/** What follows a copy, and whether its first message is the driver's, too. */
const endings = fc.constantFrom(
  { ending: message('c', Buffer.alloc(0)), isDrivers: false },
  { ending: message('E', Buffer.from('refused')), isDrivers: true },
)

test('what is copied comes out whole and in order, and the driver reads on behind it', () => {
  fc.assert(
    fc.property(
      messages,
      sizes,
      endings,
      contents,
      (given, sizes, { ending, isDrivers }, after) => {
        const sent = given.map(([code, contents]) => message(code, contents))
        const take = copyData()
        const data: Buffer[] = []
        const rest: Buffer[] = []
        for (const chunk of chunks(Buffer.concat([...sent, ending, after]), sizes)) {
          if (rest.length > 0) {
            rest.push(chunk)
            continue
          }
          const piece = take(chunk)
          data.push(Buffer.from(piece.data))
          if (piece.rest) rest.push(Buffer.from(piece.rest))
        }

        const copied = given.filter(([code]) => code === 'd').map(([, contents]) => contents)
        expect(Buffer.concat(data)).toEqual(Buffer.concat(copied))
        expect(Buffer.concat(rest)).toEqual(
          isDrivers ? Buffer.concat([ending, after]) : Buffer.from(after),
        )
      },
    ),
  )
})
