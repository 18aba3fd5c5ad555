import { isAppError } from '@ens/errors'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import JSZip from 'jszip'
import { describe, expect, test } from 'vitest'
import { type ArchiveLimits, openArchive, readArchive } from './read-archive.ts'
import { example } from './testing/vectors.ts'
import { writeArchive } from './write-archive.ts'
import { readDirectory } from './zip-directory.ts'

const { exportBin, exportSig } = example

async function jszipArchive(more: Record<string, string>, compression: 'STORE' | 'DEFLATE') {
  const zip = new JSZip()
  for (const [name, contents] of Object.entries(more)) zip.file(name, contents)
  zip.file('export.bin', exportBin)
  zip.file('export.sig', exportSig)
  return zip.generateAsync({ type: 'nodebuffer', compression, comment: 'a comment' })
}

describe('an archive that another writer made is read', () => {
  test.each(['STORE', 'DEFLATE'] as const)(
    'with method %s, comment and other entries',
    async (method) => {
      const archive = await jszipArchive({ 'readme.txt': 'hello', 'x/export.bin': 'no' }, method)

      expect(await readArchive(archive)).toEqual({ exportBin, exportSig })
      expect(await readInPieces(archive)).toEqual({ exportBin, exportSig })
    },
  )

  test('with something in front of it', async () => {
    const archive = Buffer.concat([Buffer.from('#!/bin/sh\n'), example.archive])

    expect(await readArchive(archive)).toEqual({ exportBin, exportSig })
  })

  test('from the middle of a larger buffer', async () => {
    const larger = new Uint8Array(example.archive.length + 20)
    larger.set(example.archive, 10)

    expect(await readArchive(larger.subarray(10, -10))).toEqual({ exportBin, exportSig })
  })
})

describe('a reader cannot be made to hold more than its limits:', () => {
  test('an archive that is too large is not looked at', async () => {
    await expect(readArchive(example.archive, { archiveBytes: 504 })).rejects.toThrow(
      '505 bytes in the archive; the limit is 504',
    )
  })

  test('an archive of too many entries is not listed', async () => {
    const archive = await jszipArchive({ a: '', b: '', c: '' }, 'STORE')

    await expect(readArchive(archive, { entries: 4 })).rejects.toThrow(
      '5 entries in the archive; the limit is 4',
    )
    expect(await readArchive(archive, { entries: 5 })).toMatchObject({ exportBin })
  })

  test('an entry that says it is too large is not unpacked', async () => {
    const archive = await writeArchive(Buffer.alloc(1_000_001), exportSig)

    expect(archive.length).toBeLessThan(5_000)
    await expect(readArchive(archive, { exportBinBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'export_archive_too_large',
    })
    await expect(readArchive(archive, { exportSigBytes: 5 })).rejects.toMatchObject({
      code: 'export_archive_too_large',
    })
    await expect(readInPieces(archive, { exportBinBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'export_archive_too_large',
    })
  })

  test('of an entry that lies about its size no piece goes beyond what it says', async () => {
    const archive = await writeArchive(Buffer.alloc(1_000_001), exportSig)
    setDirectoryField(archive, 24, 600_000)
    let bytes = 0
    const reading = async () => {
      for await (const piece of openArchive(archive).exportBin()) bytes += piece.length
    }

    await expect(reading()).rejects.toMatchObject({ code: 'export_archive_unreadable' })
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThanOrEqual(600_000)
  })

  test('an entry that lies about its size is unpacked no further than it says', async () => {
    const archive = await writeArchive(Buffer.alloc(1_000_001), exportSig)
    setDirectoryField(archive, 24, 1_000)

    const refusal = await readArchive(archive).catch((error) => error)

    expect(refusal).toMatchObject({ code: 'export_archive_unreadable' })
    expect(refusal.cause).toMatchObject({ code: 'ERR_BUFFER_TOO_LARGE' })
  })
})

describe('an archive is refused', () => {
  const sizeField = 24
  const checksumField = 16
  const methodField = 10
  const flagsField = 8

  test.each([
    ['that claims more than it holds', sizeField, 1_000],
    ['whose checksum does not fit', checksumField, 1],
    ['whose compression is unknown', methodField, 12],
    ['that is encrypted', flagsField, 1],
  ])('%s', async (_, field, value) => {
    const archive = Buffer.from(example.archive)
    setDirectoryField(archive, field, value)

    await expect(readArchive(archive)).rejects.toMatchObject({ code: 'export_archive_unreadable' })
    await expect(readInPieces(archive)).rejects.toMatchObject({ code: 'export_archive_unreadable' })
  })

  test('that holds export.bin twice, since two readers would see two files', async () => {
    const archive = Buffer.from(await jszipArchive({ another1: 'one' }, 'STORE'))
    const twice = Buffer.from(
      archive.toString('latin1').replaceAll('another1', 'export.x'),
      'latin1',
    )
    const same = await jszipArchive({ 'export.bi_': 'another' }, 'STORE')
    const doubled = Buffer.from(
      same.toString('latin1').replaceAll('export.bi_', 'export.bin'),
      'latin1',
    )

    expect(await readArchive(twice)).toMatchObject({ exportBin })
    await expect(readArchive(doubled)).rejects.toThrow(
      'the archive holds export.bin more than once',
    )
  })

  test('that breaks off, at whatever byte', async () => {
    for (let length = 0; length < example.archive.length; length++) {
      await expect(readArchive(example.archive.subarray(0, length))).rejects.toMatchObject({
        code: 'export_archive_unreadable',
      })
    }
  })
})

test('random and damaged archives are read or refused, never anything else', async () => {
  const damaged = fc
    .array(fc.tuple(fc.nat(example.archive.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    })
    .map((changes) => {
      const archive = Buffer.from(example.archive)
      for (const [at, byte] of changes) archive[at] = byte
      return archive
    })
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged, fc.uint8Array({ maxLength: 100 })), async (archive) => {
      const whole = await outcome(() => readArchive(archive))
      expect(whole).toMatch(/^(read|export_archive_(unreadable|too_large))$/)
      expect(await outcome(() => readInPieces(archive))).toBe(whole)
    }),
    { numRuns: runs(3_000) },
  )
})

test('whatever is written is read back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), fc.uint8Array(), async (bin, sig) => {
      const { exportBin, exportSig } = await readArchive(await writeArchive(bin, sig))

      expect([new Uint8Array(exportBin), new Uint8Array(exportSig)]).toEqual([bin, sig])
    }),
  )
})

async function readInPieces(archive: Uint8Array, limits?: Partial<ArchiveLimits>) {
  const opened = openArchive(archive, limits)
  const pieces: Buffer[] = []
  for await (const piece of opened.exportBin()) pieces.push(piece)
  return { exportBin: Buffer.concat(pieces), exportSig: await opened.exportSig() }
}

async function outcome(read: () => Promise<unknown>): Promise<string> {
  try {
    await read()
    return 'read'
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}

/** Changes a field of the directory's first entry, which is export.bin. */
function setDirectoryField(archive: Buffer, field: number, value: number): void {
  const [first] = readDirectory(archive, () => undefined)
  expect(first?.name).toBe('export.bin')
  const at = archive.readUInt32LE(archive.length - 6) + field
  if (field === 8 || field === 10) archive.writeUInt16LE(value, at)
  else archive.writeUInt32LE(value, at)
}
