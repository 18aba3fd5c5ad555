import { readFileSync } from 'node:fs'
import type { SentKey } from '@ens/domain'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calculateHmac, isHmacOf } from './hmac.ts'

interface Case {
  name: string
  description: string
  hmacKeyBase64: string
  temporaryExposureKeys: Partial<SentKey>[]
  tekmac: string
  altTekmac: string | null
}

interface ErrorCase {
  name: string
  temporaryExposureKeys: SentKey[]
  error: string
}

const { cases, errorCases }: { cases: Case[]; errorCases: ErrorCase[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-hmac.json', import.meta.url), 'utf8'),
)

describe('the HMAC of keys is the one verification servers and phones compute', () => {
  test.each(cases)('$name: $description', (given) => {
    const keys = given.temporaryExposureKeys.map(sentKey)
    const hmacKey = Buffer.from(given.hmacKeyBase64, 'base64')
    expect(calculateHmac(keys, hmacKey).toString('base64')).toBe(given.tekmac)
    expect(isHmacOf(Buffer.from(given.tekmac, 'base64'), keys, hmacKey)).toBe(true)
  })

  test.each(errorCases)('$name', ({ temporaryExposureKeys, error }) => {
    expect(() => calculateHmac(temporaryExposureKeys, Buffer.alloc(1))).toThrow(error)
  })

  test.each(cases)('$name: without risks', (given) => {
    const keys = given.temporaryExposureKeys.map(sentKey)
    const hmacKey = Buffer.from(given.hmacKeyBase64, 'base64')
    const withoutRisks = Buffer.from(given.altTekmac ?? '', 'base64')
    expect(isHmacOf(withoutRisks, keys, hmacKey)).toBe(given.altTekmac !== null)
  })
})

test('a digest without risks is none as soon as one key has a risk', () => {
  const given = cases.find(({ name }) => name === 'reference_zero_tr')
  const keys = (given?.temporaryExposureKeys ?? []).map(sentKey)
  const hmacKey = Buffer.from(given?.hmacKeyBase64 ?? '', 'base64')
  const withoutRisks = Buffer.from(given?.altTekmac ?? '', 'base64')
  const [first, ...others] = keys.map((sent) => ({ ...sent, transmissionRisk: 0 }))
  expect(isHmacOf(withoutRisks, keys, hmacKey)).toBe(true)
  expect(
    isHmacOf(withoutRisks, [sentKey({ ...first, transmissionRisk: 1 }), ...others], hmacKey),
  ).toBe(false)
})

test('the order in which different keys are sent does not matter', () => {
  const sentKeys = fc.uniqueArray(
    fc.record({
      key: fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((b) => Buffer.from(b).toString('base64')),
      rollingStartNumber: fc.integer(),
      rollingPeriod: fc.integer(),
      transmissionRisk: fc.integer(),
    }),
    { selector: ({ key }) => key, minLength: 1 },
  )
  fc.assert(
    fc.property(sentKeys, fc.uint8Array(), fc.nat(), (keys, hmacKey, turn) => {
      const at = turn % keys.length
      const turned = [...keys.slice(at), ...keys.slice(0, at)]
      expect(calculateHmac(turned, hmacKey)).toEqual(calculateHmac(keys, hmacKey))
    }),
  )
})

test('a digest of another length is no digest', () => {
  const keys = [{ key: 'a', rollingStartNumber: 1, rollingPeriod: 2, transmissionRisk: 0 }]
  expect(isHmacOf(Buffer.alloc(0), keys, Buffer.alloc(0))).toBe(false)
  expect(isHmacOf(Buffer.alloc(33), keys, Buffer.alloc(0))).toBe(false)
})

function sentKey(sent: Partial<SentKey>): SentKey {
  return { key: '', rollingStartNumber: 0, rollingPeriod: 0, transmissionRisk: 0, ...sent }
}
