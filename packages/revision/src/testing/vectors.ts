import { readFileSync } from 'node:fs'

export interface EntryVector {
  key: string
  intervalNumber: number
  intervalCount: number
}

interface EncodeVector {
  name: string
  kid: string
  dekHex: string
  aadBase64: string
  minLength: number
  keys: EntryVector[]
  plaintextSha256: string
  plaintextLength: number
  tokenBase64: string
}

interface TokenVectors {
  encodeCases: [EncodeVector, ...EncodeVector[]]
  undecryptableCases: { name: string; tokenBase64: string }[]
  decodeCases: { name: string; tokenBase64: string; expectKeys: EntryVector[] }[]
  mergeCases: { name: string; previous: EntryVector[]; new: EntryVector[]; expect: EntryVector[] }[]
  retentionCases: {
    name: string
    batchTime: string
    maxIntervalAgeSeconds: number
    retainInterval: number
    intervalNumber: number
    intervalCount: number
    kept: boolean
  }[]
}

interface RotationVectors {
  cases: {
    name: string
    now: string
    newKeyPeriodSeconds: number
    deleteOldKeyPeriodSeconds: number
    keys: { kid: number; createdAt: string; allowed: boolean }[]
    expect: { created: boolean; destroyed: number[]; allowedAfter: (number | 'NEW')[] }
  }[]
}

export const tokenVectors: TokenVectors = read('publish-revision-token.json')
export const rotationVectors: RotationVectors = read('publish-key-rotation.json')

function read(name: string) {
  return JSON.parse(readFileSync(new URL(`../../testdata/${name}`, import.meta.url), 'utf8'))
}
