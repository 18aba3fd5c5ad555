import { readFileSync } from 'node:fs'
import type { ReportType } from '@ens/domain'
import type { ExportKey } from '../export-key.ts'

interface VectorKey {
  exposure_key_hex: string
  transmission_risk: number
  interval_number: number
  interval_count: number
  report_type?: string | null
  days_since_symptom_onset?: number | null
  revised_report_type?: string | null
  revised_days_since_symptom_onset?: number | null
}

export interface BinCase {
  name: string
  batch: {
    start_timestamp: number
    end_timestamp: number
    output_region: string
    file_num: number
    batch_was_split: boolean
  }
  signature_infos: { signing_key_id: string; signing_key_version: string }[]
  keys: VectorKey[]
  revised_keys: VectorKey[]
  want: { export_bin_hex: string; export_bin_length: number; sha256_hex: string }
}

interface SigVectors {
  keys: Record<string, { spki_pem: string; sec1_pem: string }>
  cases: {
    name: string
    export_bin_case: string
    sha256_hex?: string
    signers: {
      verification_key_id: string
      verification_key_version: string
      key: string
      rfc6979_signature_der_hex: string
    }[]
    export_sig_hex: string
  }[]
  verification: { name: string; public_key: string; signature_hex: string; valid: boolean }[]
}

interface ZipVectors {
  public_keys: { key_id: string; key_version: string; pem: string }[]
  cases: {
    name: string
    zip_base64: string
    reader_accepts: boolean
    importer_signature_valid: boolean
  }[]
}

interface FilenameVectors {
  cases: {
    filename_root: string
    start_timestamp: number
    end_timestamp: number
    file_num: number
    reprocess_count: number
    want: string
  }[]
  index_object_names: { filename_root: string; want: string }[]
}

interface IndexVectors {
  cases: {
    name: string
    live_files_in_database: string[]
    new_files: string[]
    want_body: string
  }[]
}

const testdata = (name: string) => readFileSync(new URL(`../../testdata/${name}`, import.meta.url))
const vectors = (topic: string) => JSON.parse(testdata(`export-${topic}.json`).toString())

export const binCases: BinCase[] = vectors('bin').cases
export const sigVectors: SigVectors = vectors('sig')
export const zipVectors: ZipVectors = vectors('zip')
export const filenameVectors: FilenameVectors = vectors('filenames')
export const indexVectors: IndexVectors = vectors('index')

/** The archive that the reference server's authors published as an example, and its parts. */
export const example = {
  archive: testdata('example/testExport-2-records-1-of-1.zip'),
  exportBin: testdata('example/export.bin'),
  exportSig: testdata('example/export.sig'),
  publicKey: testdata('example/public.pem').toString(),
}

export const exampleKey = { keyId: 'some_id', keyVersion: '1', publicKey: example.publicKey }

function binCase(name: string): BinCase {
  const found = binCases.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`no case ${name}`)
  return found
}

export function exportBinOf(name: string): Buffer {
  return Buffer.from(binCase(name).want.export_bin_hex, 'hex')
}

/** The rows of a case as the encoder takes them: in the order of the file, which is by key. */
export function keysOf(rows: readonly VectorKey[]): ExportKey[] {
  return rows.map(toExportKey).sort((a, b) => Buffer.compare(a.key, b.key))
}

function toExportKey(row: VectorKey): ExportKey {
  const revised = 'revised_report_type' in row
  const days = revised ? row.revised_days_since_symptom_onset : row.days_since_symptom_onset
  return {
    key: Buffer.from(row.exposure_key_hex, 'hex'),
    transmissionRisk: row.transmission_risk,
    intervalNumber: row.interval_number,
    intervalCount: row.interval_count,
    reportType: (revised ? row.revised_report_type : row.report_type) as ReportType | undefined,
    daysSinceSymptomOnset: days ?? undefined,
  }
}
