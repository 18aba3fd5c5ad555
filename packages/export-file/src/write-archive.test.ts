import { setImmediate } from 'node:timers/promises'
import JSZip from 'jszip'
import { describe, expect, test } from 'vitest'
import { readArchive } from './read-archive.ts'
import { example, exportBinOf, sigVectors, zipVectors } from './testing/vectors.ts'
import { writeArchive } from './write-archive.ts'
import { readDirectory } from './zip-directory.ts'

const exportBin = exportBinOf('typical-unsorted-input')
const exportSig = Buffer.from(sigVectors.cases[0]?.export_sig_hex ?? '', 'hex')
const referenceLayout = Buffer.from(zipVectors.cases[0]?.zip_base64 ?? '', 'base64')

describe('an archive', () => {
  test('has the layout of the reference server, but for what its deflate made of the contents', async () => {
    const archive = await writeArchive(exportBin, exportSig)

    expect(structure(archive)).toEqual(structure(referenceLayout))
    expect(structure(archive)).toHaveLength(2 * 4 + 1)
  })

  test('holds the bytes that it was given', async () => {
    expect(await readArchive(await writeArchive(exportBin, exportSig))).toEqual({
      exportBin,
      exportSig,
    })
  })

  test('has the same bytes whenever, and in however many pieces, it is written', async () => {
    const whole = await writeArchive(exportBin, exportSig)
    const pieces = [exportBin.subarray(0, 5), exportBin.subarray(5, 200), exportBin.subarray(200)]

    expect((await writeArchive(pieces, exportSig)).equals(whole)).toBe(true)
    expect((await writeArchive(exportBin, async () => exportSig)).equals(whole)).toBe(true)
  })

  test('is read by an independent reader', async () => {
    const zip = await JSZip.loadAsync(await writeArchive(exportBin, exportSig), {
      checkCRC32: true,
    })

    expect(Object.keys(zip.files)).toEqual(['export.bin', 'export.sig'])
    expect(await zip.file('export.bin')?.async('nodebuffer')).toEqual(exportBin)
    expect(await zip.file('export.sig')?.async('nodebuffer')).toEqual(exportSig)
  })

  test('may hold empty entries', async () => {
    const nothing = Buffer.alloc(0)

    expect(await readArchive(await writeArchive(nothing, nothing))).toEqual({
      exportBin: nothing,
      exportSig: nothing,
    })
    expect(await readArchive(await writeArchive([], nothing))).toMatchObject({ exportBin: nothing })
  })

  test('of many pieces is what an independent reader finds, too', async () => {
    const large = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * at) % 251))
    const zip = await JSZip.loadAsync(await writeArchive(large, exportSig), { checkCRC32: true })

    expect(
      large.equals((await zip.file('export.bin')?.async('nodebuffer')) ?? Buffer.alloc(0)),
    ).toBe(true)
  })
})

test('the signature is asked for when all of export.bin has gone by', async () => {
  const events: string[] = []
  async function* pieces() {
    for (const name of ['first', 'second']) {
      await setImmediate()
      events.push(name)
      yield Buffer.from(name)
    }
  }

  await writeArchive(pieces(), async () => {
    events.push('signature')
    return exportSig
  })

  expect(events).toEqual(['first', 'second', 'signature'])
})

test('when the keys cannot be read to the end, no archive comes of it', async () => {
  async function* pieces() {
    yield example.exportBin
    await setImmediate()
    throw new Error('the database has gone')
  }

  await expect(writeArchive(pieces(), exportSig)).rejects.toThrow('the database has gone')
})

test('when the signature fails, no archive comes of it', async () => {
  const sign = () => Promise.reject(new Error('no key'))

  await expect(writeArchive(exportBin, sign)).rejects.toThrow('no key')
})

/** All that a zip says beside its compressed bytes: every header field, lengths and offsets of compressed bytes left out. */
function structure(zip: Buffer): unknown[] {
  const entries = readDirectory(zip, () => undefined)
  const directoryAt = zip.readUInt32LE(zip.length - 6)
  let header = directoryAt
  return [
    ...entries.flatMap((entry) => {
      const contentsAt = entry.headerAt + 30 + entry.name.length
      const descriptorAt = contentsAt + entry.compressedSize
      const local = zip.subarray(entry.headerAt, contentsAt).toString('hex')
      const descriptor = Buffer.from(zip.subarray(descriptorAt, descriptorAt + 16))
      const central = Buffer.from(zip.subarray(header, header + 46 + entry.name.length))
      header += central.length
      expect(descriptor.readUInt32LE(8)).toBe(entry.compressedSize)
      descriptor.fill(0, 8, 12)
      central.fill(0, 20, 24)
      central.fill(0, 42, 46)
      return [local, descriptor.toString('hex'), central.toString('hex'), entry.name]
    }),
    zip.subarray(header, header + 16).toString('hex'),
  ]
}
