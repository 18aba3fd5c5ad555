import { createHash } from 'node:crypto'
import { KEY_LENGTH, type KeyColumns, NO_ONSET, REPORT_TYPES } from '@ens/domain'
import { exportKeyTooLong } from './errors.ts'
import { DEFAULT_INTERVAL_COUNT, type ExportKey, reportTypeCode } from './export-key.ts'
import { ExportMessage } from './messages.ts'
import { type SignatureId, signatureInfoOf } from './signature-list.ts'

/** What every export.bin begins with, before any protobuf. */
export const EXPORT_HEADER = Buffer.from('EK Export v1    ', 'latin1')

export interface ExportHeader {
  /** Start of the window; a number is unix seconds. */
  start: Date | number
  /** End of the window, see `fileEnd` for a batch of several files; a number is unix seconds. */
  end: Date | number
  region: string
  /** All that will sign, in the order of the signatures: they are part of what is signed. */
  signatureInfos: readonly SignatureId[]
}

/** Makes one export.bin in pieces, in this order: `begin`, any number of `keys`, any number of `revisedKeys`. */
export interface ExportEncoder {
  begin(): Buffer
  /** Keys are written in the order given. */
  keys(page: KeyColumns): Buffer
  revisedKeys(page: KeyColumns): Buffer
  /** SHA-256 over all pieces so far; call it once, after the last. */
  digest(): Buffer
}

/**
 * An encoder whose pieces, one after the other, are the file. It holds no more than a page, so that a file
 * can be compressed and signed while its keys are still being read.
 */
export function exportEncoder(header: ExportHeader): ExportEncoder {
  const hash = createHash('sha256')
  const hashed = (piece: Buffer) => {
    hash.update(piece)
    return piece
  }
  return {
    begin: () => hashed(encodeBeginning(header)),
    keys: (page) => hashed(encodeColumns(KEYS_TAG, page)),
    revisedKeys: (page) => hashed(encodeColumns(REVISED_KEYS_TAG, page)),
    digest: () => hash.digest(),
  }
}

/** A whole export.bin at once, header included; both lists keep their order. */
export function encodeExport(
  file: ExportHeader & { keys: readonly ExportKey[]; revisedKeys: readonly ExportKey[] },
): Buffer {
  return Buffer.concat([
    encodeBeginning(file),
    encodeKeys(KEYS_TAG, file.keys),
    encodeKeys(REVISED_KEYS_TAG, file.revisedKeys),
  ])
}

/**
 * The end to write into a file, in unix seconds. Phones skip a file whose start, end and number they have seen,
 * and the number is always 1; so the files of a split batch end one second later each.
 */
export function fileEnd(end: Date | number, fileNumber: number, fileCount: number): number {
  return unixSeconds(end) + (fileCount > 1 ? fileNumber : 0)
}

/** Unix seconds, cut down to whole ones; a number already is. */
export function unixSeconds(at: Date | number): number {
  return Math.floor(typeof at === 'number' ? at : at.getTime() / 1000)
}

function encodeBeginning(header: ExportHeader): Buffer {
  const fields = {
    startTimestamp: unixSeconds(header.start),
    endTimestamp: unixSeconds(header.end),
    region: header.region,
    batchNum: 1,
    batchSize: 1,
    signatureInfos: header.signatureInfos.map(signatureInfoOf),
  }
  return Buffer.concat([EXPORT_HEADER, ExportMessage.encode(fields).finish()])
}

const VARINT = 0
const BYTES = 2
const tag = (field: number, wireType: number) => (field << 3) | wireType

const KEYS_TAG = tag(7, BYTES)
const REVISED_KEYS_TAG = tag(8, BYTES)
const KEY_DATA = tag(1, BYTES)
const TRANSMISSION_RISK = tag(2, VARINT)
const INTERVAL_NUMBER = tag(3, VARINT)
const INTERVAL_COUNT = tag(4, VARINT)
const REPORT_TYPE = tag(5, VARINT)
const DAYS_SINCE_ONSET = tag(6, VARINT)

const MAX_KEY_LENGTH = 16
/** Tag and length; key; three int32 of at most ten bytes; an enum of ours; a sint32 of at most five. */
const MAX_MESSAGE_LENGTH = 2 + (2 + MAX_KEY_LENGTH) + 3 * 11 + 2 + 6

/** By the number of the report type in a column. */
const REPORT_TYPE_CODES = Uint8Array.of(0, ...REPORT_TYPES.map((type) => reportTypeCode(type) ?? 0))

/**
 * Written by hand, because this is the hottest loop of an export: several times faster than the protobuf library,
 * to which a property test holds it.
 */
function encodeColumns(fieldTag: number, columns: KeyColumns): Buffer {
  const target = scratch(columns.length * MAX_MESSAGE_LENGTH)
  let at = 0
  for (let i = 0; i < columns.length; i++) {
    const start = at + 2
    const end = writeFields(target, writeKeyAt(target, start, columns.keys, i * KEY_LENGTH), {
      transmissionRisk: columns.transmissionRisks[i] ?? 0,
      intervalNumber: columns.intervalNumbers[i] ?? 0,
      intervalCount: columns.intervalCounts[i] ?? 0,
      reportTypeCode: REPORT_TYPE_CODES[columns.reportTypes[i] ?? 0] ?? 0,
      daysSinceSymptomOnset: columns.daysSinceSymptomOnset[i] ?? NO_ONSET,
    })
    at = finishMessage(target, fieldTag, start, end)
  }
  return Buffer.from(target.subarray(0, at))
}

/** Messages are mostly half as long as they may be: they are written here, and copied when they are done. */
let scratchpad = Buffer.alloc(0)

function scratch(size: number): Buffer {
  if (scratchpad.length < size) scratchpad = Buffer.allocUnsafe(size)
  return scratchpad
}

/** Byte by byte: for so few that takes less than a view of them. */
function writeKeyAt(target: Buffer, start: number, keys: Uint8Array, from: number): number {
  target[start] = KEY_DATA
  target[start + 1] = KEY_LENGTH
  for (let byte = 0; byte < KEY_LENGTH; byte++)
    target[start + 2 + byte] = keys[from + byte] as number
  return start + 2 + KEY_LENGTH
}

function encodeKeys(fieldTag: number, keys: readonly ExportKey[]): Buffer {
  const target = Buffer.allocUnsafe(keys.length * MAX_MESSAGE_LENGTH)
  let at = 0
  for (const key of keys) {
    const start = at + 2
    const end = writeFields(target, writeKeyData(target, start, key.key), {
      ...key,
      reportTypeCode: reportTypeCode(key.reportType) ?? 0,
      daysSinceSymptomOnset: key.daysSinceSymptomOnset ?? NO_ONSET,
    })
    at = finishMessage(target, fieldTag, start, end)
  }
  return target.subarray(0, at)
}

/** No message is longer than 127 bytes, so that its length is one byte, filled in when it is known. */
function finishMessage(target: Buffer, fieldTag: number, start: number, end: number): number {
  target[start - 2] = fieldTag
  target[start - 1] = end - start
  return end
}

interface Fields {
  transmissionRisk: number
  intervalNumber: number
  intervalCount: number
  /** 0: not written. */
  reportTypeCode: number
  /** `NO_ONSET`: not written. */
  daysSinceSymptomOnset: number
}

/** Writes what follows the key, and returns where it ends. */
function writeFields(target: Buffer, start: number, fields: Fields): number {
  // Phones of the first days read the risk and nothing else, so it is written even if it is 0.
  let at = writeInt32(target, start, TRANSMISSION_RISK, fields.transmissionRisk)
  if (fields.intervalNumber !== 0)
    at = writeInt32(target, at, INTERVAL_NUMBER, fields.intervalNumber)
  if (fields.intervalCount !== DEFAULT_INTERVAL_COUNT)
    at = writeInt32(target, at, INTERVAL_COUNT, fields.intervalCount)
  if (fields.reportTypeCode !== 0) at = writeInt32(target, at, REPORT_TYPE, fields.reportTypeCode)
  const days = fields.daysSinceSymptomOnset
  if (days !== NO_ONSET) at = writeUint32(target, at, DAYS_SINCE_ONSET, zigzag(days))
  return at
}

function writeKeyData(target: Buffer, at: number, data: Uint8Array): number {
  const { length } = data
  if (length > MAX_KEY_LENGTH)
    throw exportKeyTooLong(`a key of ${length} bytes; an exposure key has ${MAX_KEY_LENGTH}`)
  target[at] = KEY_DATA
  target[at + 1] = length
  target.set(data, at + 2)
  return at + 2 + length
}

function writeInt32(target: Buffer, at: number, fieldTag: number, value: number): number {
  return value < 0
    ? writeNegative(target, at, fieldTag, value)
    : writeUint32(target, at, fieldTag, value)
}

function writeUint32(target: Buffer, start: number, fieldTag: number, value: number): number {
  target[start] = fieldTag
  let at = start + 1
  let rest = value >>> 0
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}

/** A negative int32 is written as if it had 64 bits: ten bytes, whose upper ones are all set. */
function writeNegative(target: Buffer, start: number, fieldTag: number, value: number): number {
  target[start] = fieldTag
  for (let byte = 0; byte < 4; byte++)
    target[start + 1 + byte] = ((value >>> (7 * byte)) & 0x7f) | 0x80
  target[start + 5] = (value >>> 28) | 0xf0
  target.fill(0xff, start + 6, start + 10)
  target[start + 10] = 1
  return start + 11
}

/** Small numbers of either sign become small unsigned ones: 0, -1, 1, -2 become 0, 1, 2, 3. */
function zigzag(value: number): number {
  return (value << 1) ^ (value >> 31)
}
