import { randomFillSync, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { emptyColumns, KEY_LENGTH, type KeyColumns, sliceColumns } from '@ens/domain'
import { memoryKeyManager } from '@ens/keys/testing'
import JSZip from 'jszip'
import protobuf from 'protobufjs'
import { expect, test } from 'vitest'
import { exportEncoder } from './encode-export.ts'
import { signDigest } from './sign-export.ts'
import { writeArchive } from './write-archive.ts'

const PAGE = 1300
const HEADER_BYTES = 16

const { root } = protobuf.parse(
  readFileSync(new URL('../proto/export.proto', import.meta.url), 'utf8'),
)

interface Read {
  keys: { keyData: Uint8Array; rollingStartIntervalNumber: number }[]
}

/** Random keys, each with an interval of its own, by which its place is known. */
function randomKeys(count: number): KeyColumns {
  const columns = emptyColumns(count)
  randomFillSync(columns.keys)
  columns.intervalNumbers.forEach((_, i) => {
    columns.intervalNumbers[i] = 1 + i
  })
  columns.intervalCounts.fill(144)
  columns.reportTypes.fill(1)
  return columns
}

async function archiveOf(columns: KeyColumns) {
  const keyManager = memoryKeyManager()
  const key = await keyManager.createSigningKey('test', 'export')
  const signer = {
    keyId: '310',
    keyVersion: 'v1',
    signer: await keyManager.signer(await keyManager.createSigningKeyVersion(key)),
  }
  const encoder = exportEncoder({ start: 0, end: 3600, region: 'US', signatureInfos: [signer] })
  function* pieces() {
    yield encoder.begin()
    for (let from = 0; from < columns.length; from += PAGE)
      yield encoder.keys(sliceColumns(columns, from, Math.min(from + PAGE, columns.length)))
  }
  const archive = await writeArchive(pieces(), () => signDigest(encoder.digest(), [signer]))
  return { archive, publicKey: signer.signer.publicKey }
}

/** With libraries of others only: JSZip, and protobufjs with the published .proto. */
async function readByOthers(archive: Buffer) {
  const zip = await JSZip.loadAsync(archive, { checkCRC32: true })
  const exportBin = (await zip.file('export.bin')?.async('nodebuffer')) ?? Buffer.alloc(0)
  const exportSig = (await zip.file('export.sig')?.async('nodebuffer')) ?? Buffer.alloc(0)
  const message = root
    .lookupType('TemporaryExposureKeyExport')
    .decode(exportBin.subarray(HEADER_BYTES))
  const { signatures } = root.lookupType('TEKSignatureList').decode(exportSig) as unknown as {
    signatures: { signature: Uint8Array }[]
  }
  return { exportBin, keys: (message as unknown as Read).keys, signature: signatures[0]?.signature }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array) =>
  Buffer.from(buffer, byteOffset, byteLength)

test.each([10, 1000, 750_000])(
  'an archive of %i keys is signed, and holds them in their order, as an independent reader finds',
  async (count) => {
    const columns = randomKeys(count)
    const { archive, publicKey } = await archiveOf(columns)

    const { exportBin, keys, signature } = await readByOthers(archive)

    expect(verify('sha256', exportBin, publicKey, signature ?? Buffer.alloc(0))).toBe(true)
    expect(keys).toHaveLength(count)
    const data = Buffer.concat(
      keys.map(({ keyData }) => keyData),
      count * KEY_LENGTH,
    )
    expect(Buffer.compare(data, columns.keys)).toBe(0)
    const places = keys.map(({ rollingStartIntervalNumber }) => rollingStartIntervalNumber)
    expect(Buffer.compare(bytesOf(Int32Array.from(places)), bytesOf(columns.intervalNumbers))).toBe(
      0,
    )
  },
)
