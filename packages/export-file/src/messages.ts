import protobuf from 'protobufjs/light.js'

const SIGNATURE_INFO = {
  edition: 'proto2',
  fields: {
    verificationKeyVersion: { type: 'string', id: 3 },
    verificationKeyId: { type: 'string', id: 4 },
    signatureAlgorithm: { type: 'string', id: 5 },
  },
}

const TEMPORARY_EXPOSURE_KEY = {
  edition: 'proto2',
  fields: {
    keyData: { type: 'bytes', id: 1 },
    transmissionRiskLevel: { type: 'int32', id: 2, options: { deprecated: true } },
    rollingStartIntervalNumber: { type: 'int32', id: 3 },
    rollingPeriod: { type: 'int32', id: 4, options: { default: 144 } },
    // An enum in export.proto. Read as one, a number it does not name would look like an absent field.
    reportType: { type: 'int32', id: 5 },
    daysSinceOnsetOfSymptoms: { type: 'sint32', id: 6 },
    variantOfConcern: {
      type: 'VariantOfConcern',
      id: 8,
      options: { default: 'VARIANT_TYPE_UNKNOWN' },
    },
  },
  nested: {
    ReportType: {
      values: {
        UNKNOWN: 0,
        CONFIRMED_TEST: 1,
        CONFIRMED_CLINICAL_DIAGNOSIS: 2,
        SELF_REPORT: 3,
        RECURSIVE: 4,
        REVOKED: 5,
      },
    },
    VariantOfConcern: {
      values: {
        VARIANT_TYPE_UNKNOWN: 0,
        VARIANT_TYPE_1: 1,
        VARIANT_TYPE_2: 2,
        VARIANT_TYPE_3: 3,
        VARIANT_TYPE_4: 4,
      },
    },
  },
}

const TEMPORARY_EXPOSURE_KEY_EXPORT = {
  edition: 'proto2',
  fields: {
    startTimestamp: { type: 'fixed64', id: 1 },
    endTimestamp: { type: 'fixed64', id: 2 },
    region: { type: 'string', id: 3 },
    batchNum: { type: 'int32', id: 4 },
    batchSize: { type: 'int32', id: 5 },
    signatureInfos: { rule: 'repeated', type: 'SignatureInfo', id: 6 },
    keys: { rule: 'repeated', type: 'TemporaryExposureKey', id: 7 },
    revisedKeys: { rule: 'repeated', type: 'TemporaryExposureKey', id: 8 },
  },
}

const TEK_SIGNATURE = {
  edition: 'proto2',
  fields: {
    signatureInfo: { type: 'SignatureInfo', id: 1 },
    batchNum: { type: 'int32', id: 2 },
    batchSize: { type: 'int32', id: 3 },
    signature: { type: 'bytes', id: 4 },
  },
}

const TEK_SIGNATURE_LIST = {
  edition: 'proto2',
  fields: { signatures: { rule: 'repeated', type: 'TEKSignature', id: 1 } },
}

/** proto/export.proto as code, so that the built package carries no files beside its modules. */
const root = protobuf.Root.fromJSON({
  nested: {
    TemporaryExposureKeyExport: TEMPORARY_EXPOSURE_KEY_EXPORT,
    SignatureInfo: SIGNATURE_INFO,
    TemporaryExposureKey: TEMPORARY_EXPOSURE_KEY,
    TEKSignatureList: TEK_SIGNATURE_LIST,
    TEKSignature: TEK_SIGNATURE,
  },
})

export const ExportMessage = root.lookupType('TemporaryExposureKeyExport')
export const SignatureListMessage = root.lookupType('TEKSignatureList')

/** A field is there only if it was in the bytes: reading an absent one gives its default, owning tells the two apart. */
export interface KeyFields {
  keyData?: Buffer
  transmissionRiskLevel?: number
  rollingStartIntervalNumber?: number
  rollingPeriod?: number
  reportType?: number
  daysSinceOnsetOfSymptoms?: number
}

export interface SignatureInfoFields {
  verificationKeyVersion?: string
  verificationKeyId?: string
  signatureAlgorithm?: string
}

/** An unsigned number of 64 bits, in halves. */
export interface Fixed64 {
  high: number
  low: number
}

export interface ExportFields {
  startTimestamp?: Fixed64
  endTimestamp?: Fixed64
  region?: string
  batchNum?: number
  batchSize?: number
  signatureInfos: SignatureInfoFields[]
  keys: KeyFields[]
  revisedKeys: KeyFields[]
}

export interface SignatureListFields {
  signatures: { signatureInfo?: SignatureInfoFields; signature?: Buffer }[]
}

/** The field's value if it was in the bytes, else undefined, whatever the default. */
export function present<T extends object, K extends keyof T>(message: T, field: K) {
  return Object.hasOwn(message, field) ? message[field] : undefined
}
