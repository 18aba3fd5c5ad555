import { EXPORT_HEADER } from './encode-export.ts'
import { exportMalformed } from './errors.ts'
import { DEFAULT_INTERVAL_COUNT, type ExportKey, reportTypeOfCode } from './export-key.ts'
import {
  type ExportFields,
  ExportMessage,
  type Fixed64,
  type KeyFields,
  present,
} from './messages.ts'
import { type SignatureId, signatureIdOf } from './signature-list.ts'

/** A key as the file has it, unchecked: any length, any number, and undefined where the file is silent. */
export interface ParsedKey {
  key: Buffer
  transmissionRisk: number | undefined
  intervalNumber: number | undefined
  intervalCount: number | undefined
  /** The format's number; see `reportTypeOfCode`. */
  reportTypeCode: number | undefined
  daysSinceSymptomOnset: number | undefined
}

/** The contents of an export.bin, in its order. */
export interface ParsedExport {
  /** Unix seconds. */
  start: number | undefined
  /** Unix seconds. */
  end: number | undefined
  region: string | undefined
  batchNumber: number | undefined
  batchSize: number | undefined
  signatureInfos: SignatureId[]
  keys: ParsedKey[]
  revisedKeys: ParsedKey[]
}

/**
 * Reads an export.bin, which must begin with the format's header. Nothing else is checked: neither the
 * signatures, nor whether keys make sense; files of other servers hold what they like.
 */
export function decodeExport(exportBin: Uint8Array): ParsedExport {
  const message = parse(withoutHeader(exportBin))
  return {
    start: toSeconds(present(message, 'startTimestamp')),
    end: toSeconds(present(message, 'endTimestamp')),
    region: present(message, 'region'),
    batchNumber: present(message, 'batchNum'),
    batchSize: present(message, 'batchSize'),
    signatureInfos: message.signatureInfos.map(signatureIdOf),
    keys: message.keys.map(toParsedKey),
    revisedKeys: message.revisedKeys.map(toParsedKey),
  }
}

/** The key as phones read it: what the file leaves out has the format's default. */
export function toExportKey(parsed: ParsedKey): ExportKey {
  return {
    key: parsed.key,
    transmissionRisk: parsed.transmissionRisk ?? 0,
    intervalNumber: parsed.intervalNumber ?? 0,
    intervalCount: parsed.intervalCount ?? DEFAULT_INTERVAL_COUNT,
    reportType: reportTypeOfCode(parsed.reportTypeCode),
    daysSinceSymptomOnset: parsed.daysSinceSymptomOnset,
  }
}

function withoutHeader(exportBin: Uint8Array): Uint8Array {
  const header = exportBin.subarray(0, EXPORT_HEADER.length)
  if (!EXPORT_HEADER.equals(header))
    throw exportMalformed('export.bin does not begin with the header of version 1')
  return exportBin.subarray(EXPORT_HEADER.length)
}

function parse(message: Uint8Array): ExportFields {
  try {
    return ExportMessage.decode(message) as unknown as ExportFields
  } catch (cause) {
    throw exportMalformed('export.bin is not a list of exposure keys', { cause })
  }
}

function toParsedKey(fields: KeyFields): ParsedKey {
  return {
    key: present(fields, 'keyData') ?? Buffer.alloc(0),
    transmissionRisk: present(fields, 'transmissionRiskLevel'),
    intervalNumber: present(fields, 'rollingStartIntervalNumber'),
    intervalCount: present(fields, 'rollingPeriod'),
    reportTypeCode: present(fields, 'reportType'),
    daysSinceSymptomOnset: present(fields, 'daysSinceOnsetOfSymptoms'),
  }
}

/** Exact up to 2^53, which is far beyond any time. */
function toSeconds(seconds: Fixed64 | undefined): number | undefined {
  return seconds && (seconds.high >>> 0) * 2 ** 32 + (seconds.low >>> 0)
}
