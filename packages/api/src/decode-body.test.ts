import { readFileSync } from 'node:fs'
import { isAppError } from '@ens/errors'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type BodyDecoder, bodyDecoder, MAX_BODY_BYTES, MAX_VALUE_BYTES } from './decode-body.ts'
import { decodePublishBody } from './v1/publish.ts'
import { decodeStatsBody } from './v1/stats.ts'
import { decodePublishBodyV1alpha1 } from './v1alpha1/publish.ts'

interface Outcome {
  decoded?: true
  parsed?: Record<string, unknown>
  httpStatus?: number
  code?: string | null
}

interface BodyCase {
  name: string
  description: string
  api: 'v1' | 'v1alpha1'
  contentType: string | null
  body: string
  expect: Outcome
  wanted?: Outcome
}

interface SizeCase {
  name: string
  description: string
  bytes: number
  httpStatus: number | 'decoded'
  value?: string
  fill?: string
  last?: string
  wanted?: { httpStatus: number }
}

interface StatsCase {
  name: string
  contentType: string
  body: string
  expect: { body: { code: string } }
}

const vectors: { bodyCases: BodyCase[]; bodySizeCases: SizeCase[]; statsBodyCases: StatsCase[] } =
  JSON.parse(readFileSync(new URL('../testdata/publish-http.json', import.meta.url), 'utf8'))

const JSON_TYPE = 'application/json'

describe('bodies are read as on the reference server, but for the differences the data names', () => {
  test.each(vectors.bodyCases)('$api $name: $description', (given) => {
    const decode = given.api === 'v1' ? decodePublishBody : decodePublishBodyV1alpha1
    const wanted = given.wanted ?? given.expect
    const outcome = outcomeOf(decode, given.body, given.contentType ?? undefined)
    if (wanted.decoded) {
      expect(outcome).toMatchObject({
        decoded: true,
        ...(wanted.parsed && { parsed: wanted.parsed }),
      })
    } else {
      expect(outcome).toEqual({ httpStatus: wanted.httpStatus, code: 'bad_request' })
    }
  })

  test.each(vectors.bodySizeCases)('$name: $description', (given) => {
    const wanted = given.wanted?.httpStatus ?? given.httpStatus
    const outcome = outcomeOf(decodePublishBody, bodyOf(given), JSON_TYPE)
    expect(outcome.httpStatus ?? 'decoded').toBe(wanted)
  })

  test.each(vectors.statsBodyCases)('$name', ({ contentType, body, expect: wanted }) => {
    expect(outcomeOf(decodeStatsBody, body, contentType).code).toBe(wanted.body.code)
  })
})

test('what is absent has its zero value', () => {
  expect(
    outcomeOf(decodePublishBody, '{"temporaryExposureKeys":[null]}', JSON_TYPE).parsed,
  ).toEqual({
    temporaryExposureKeys: [
      { key: '', rollingStartNumber: 0, rollingPeriod: 0, transmissionRisk: 0 },
    ],
    healthAuthorityID: '',
    verificationPayload: '',
    hmacKey: '',
    symptomOnsetInterval: 0,
    traveler: false,
    revisionToken: '',
    padding: '',
  })
})

test('a null among the old regions is an empty region', () => {
  const { parsed } = outcomeOf(decodePublishBodyV1alpha1, '{"regions":["US",null]}', JSON_TYPE)
  expect(parsed).toMatchObject({ regions: ['US', ''] })
})

test('a risk beyond what a number can hold stays exact', () => {
  const body = '{"temporaryExposureKeys":[{"transmissionRisk":9223372036854775807}]}'
  const { parsed } = outcomeOf(decodePublishBody, body, JSON_TYPE)
  expect(parsed).toMatchObject({
    temporaryExposureKeys: [{ transmissionRisk: 9_223_372_036_854_775_807n }],
  })
})

test.each(['__proto__', 'constructor', 'toString'])(
  '%s is a field like any other unknown one',
  (name) => {
    expect(outcomeOf(decodePublishBody, `{"${name}":{"traveler":true}}`, JSON_TYPE)).toEqual({
      httpStatus: 400,
      code: 'bad_request',
    })
  },
)

test('a fault names the field and what was expected, and quotes no value', () => {
  const body = '{"temporaryExposureKeys":[{},{"rollingPeriod":"c2VjcmV0"}]}'
  expect(() => decodePublishBody(Buffer.from(body), JSON_TYPE)).toThrow(
    'invalid value "temporaryExposureKeys.1.rollingPeriod": Invalid input: expected number, received string',
  )
  expect(() => decodePublishBody(Buffer.from('{"a":1,}'), JSON_TYPE)).toThrow(
    'malformed json at position 8',
  )
})

test.each([
  ['{"traveler":1,"padding":2}', 'invalid value "traveler"'],
  ['{"padding":2,"traveler":1}', 'invalid value "padding"'],
  ['{"padding":2,"nonsense":1}', 'invalid value "padding"'],
  ['{"nonsense":1,"padding":2}', 'unknown field "nonsense"'],
  ['{"PADDING":2,"padding":"x"}', 'invalid value "padding"'],
  ['{"temporaryExposureKeys":[{},{"key":1,"x":1},5],"padding":2}', '"temporaryExposureKeys.1.key"'],
  ['{"temporaryExposureKeys":[{"x":1},{"key":1}]}', 'unknown field "x"'],
  ['{"temporaryExposureKeys":[[]]}', 'invalid value "temporaryExposureKeys.0": expected an object'],
  [
    '{"temporaryExposureKeys":{}}',
    'invalid value "temporaryExposureKeys": Invalid input: expected',
  ],
  ['7', 'invalid value "": expected an object'],
])('of the faults in %s the first is told', (body, fault) => {
  expect(() => decodePublishBody(Buffer.from(body), JSON_TYPE)).toThrow(fault)
})

test('of a list full of faults only the first is looked at', () => {
  let looks = 0
  const watched = z.custom<string>(() => {
    looks++
    return false
  })
  const decode = bodyDecoder(z.strictObject({ regions: z.array(watched).default([]) }))
  const body = JSON.stringify({ regions: Array(30_000).fill(1) })
  expect(outcomeOf(decode, body, JSON_TYPE).httpStatus).toBe(400)
  expect(looks).toBe(1)
})

test('what one body held is not in the next', () => {
  const decode = (body: string) => decodePublishBody(Buffer.from(body), JSON_TYPE)
  decode('{}').temporaryExposureKeys.push({
    key: 'a',
    rollingStartNumber: 1,
    rollingPeriod: 2,
    transmissionRisk: 3,
  })
  expect(decode('{}').temporaryExposureKeys).toEqual([])
})

test('a body may be filled up with white space to 256 KiB, and no further', () => {
  const body = Buffer.alloc(MAX_BODY_BYTES, ' ')
  body.write('{}')
  expect(outcomeOf(decodePublishBody, body, JSON_TYPE).decoded).toBe(true)
  const longer = Buffer.concat([body, Buffer.from(' ')])
  expect(outcomeOf(decodePublishBody, longer, JSON_TYPE).httpStatus).toBe(413)
})

test('bytes count, not characters', () => {
  const padding = 'é'.repeat(MAX_VALUE_BYTES / 2)
  expect(outcomeOf(decodePublishBody, JSON.stringify({ padding }), JSON_TYPE).httpStatus).toBe(413)
})

test.each(['', '1.0'])(
  'a body nested as deeply as it can be, around %j, is refused like any other',
  (inner) => {
    const body = `{"traveler":${'['.repeat(30_000)}${inner}${']'.repeat(30_000)}}`
    expect(() => decodePublishBody(Buffer.from(body), JSON_TYPE)).toThrow(
      /^malformed json at position 512$/,
    )
  },
)

const decoders = fc.constantFrom<BodyDecoder<unknown>>(
  decodePublishBody,
  decodePublishBodyV1alpha1,
  decodeStatsBody,
)

test('a key is read the same whether its names are written as documented or not', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.maxSafeInteger(),
    fc.integer(),
    fc.boolean(),
    fc.constant('half \ud800 a character'),
  )
  const key = fc.record({
    key: fc.oneof({ weight: 5, arbitrary: fc.base64String() }, anything),
    rollingStartNumber: fc.oneof({ weight: 5, arbitrary: fc.integer() }, anything),
    rollingPeriod: fc.oneof({ weight: 5, arbitrary: fc.integer() }, anything),
    transmissionRisk: fc.oneof({ weight: 5, arbitrary: fc.maxSafeInteger() }, anything),
  })
  const read = (key: Record<string, unknown>) =>
    outcomeOf(decodePublishBody, JSON.stringify({ temporaryExposureKeys: [key] }), JSON_TYPE)
  fc.assert(
    fc.property(key, (key) => {
      const inCapitals = Object.fromEntries(
        Object.entries(key).map(([name, value]) => [name.toUpperCase(), value]),
      )
      expect(read(inCapitals)).toEqual(read(key))
    }),
    { numRuns: runs(300) },
  )
})

test('no bytes can do more than be refused', () => {
  fc.assert(
    fc.property(decoders, fc.uint8Array({ maxLength: 200 }), (decode, body) => {
      expectAnswer(outcomeOf(decode, body, JSON_TYPE))
    }),
    { numRuns: runs(2000) },
  )
})

test('no JSON can do more than be refused, under our names or others', () => {
  const names = fc.constantFrom(
    'temporaryExposureKeys',
    'KEY',
    'traveler',
    'regions',
    'hmackey',
    'padding',
  )
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.jsonValue(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(names, fc.string()), tie('value'), { maxKeys: 3 }),
    ),
  })).value
  fc.assert(
    fc.property(decoders, value, (decode, document) => {
      expectAnswer(outcomeOf(decode, JSON.stringify(document), JSON_TYPE))
    }),
    { numRuns: runs(2000) },
  )
})

function expectAnswer(outcome: Outcome) {
  if (outcome.decoded) expect(outcome.parsed).toBeTypeOf('object')
  else expect(outcome).toEqual({ httpStatus: expect.any(Number), code: 'bad_request' })
}

function outcomeOf(
  decode: BodyDecoder<unknown>,
  body: string | Uint8Array,
  contentType: string | undefined,
): Outcome {
  try {
    const parsed = decode(Buffer.from(body), contentType) as Record<string, unknown>
    return { decoded: true, parsed }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { httpStatus: error.status ?? 400, code: error.code }
  }
}

/** A case without a value is one long string up to the number of bytes. */
function bodyOf({ bytes, value = '{"padding":"', fill = 'A', last }: SizeCase): string {
  const end = value.includes('}') || last !== undefined ? (last ?? '') : '"}'
  const body = value + fill.repeat(bytes - value.length - end.length) + end
  return body
}
