import { readFileSync } from 'node:fs'

interface KeyVector {
  sec1_der_hex: string
  sec1_pem: string
  spki_der_hex: string
  spki_pem: string
}

interface SignerVector {
  key: 'key1' | 'key2'
  rfc6979_signature_der_hex: string
  rfc6979_signature_r_s_hex: string
}

interface SignatureVectors {
  keys: { key1: KeyVector; key2: KeyVector }
  cases: { name: string; sha256_hex?: string; signers: SignerVector[] }[]
  ieee1363_to_der: { note: string; ieee1363_hex: string; der_hex: string }[]
}

interface WrapVectors {
  wrapCases: {
    name: string
    versionFileName: string
    kekHex: string
    aadHex: string
    plaintextDekHex: string
    wrappedCipherHex: string
  }[]
}

export const signatureVectors: SignatureVectors = read('export-sig.json')
export const { wrapCases }: WrapVectors = read('publish-revision-token.json')

function read(name: string) {
  return JSON.parse(readFileSync(new URL(`../../testdata/${name}`, import.meta.url), 'utf8'))
}
