import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { BodyDecoder } from '../decode-body.ts'
import * as errors from '../errors.ts'
import { busyResponseSchema, decodePublishBody, publishResponseSchema } from '../v1/publish.ts'
import { decodeStatsBody, statsResponseSchema } from '../v1/stats.ts'
import { decodePublishBodyV1alpha1, publishResponseV1alpha1Schema } from '../v1alpha1/publish.ts'
import { openApiDocument } from './document.ts'
import type { Content } from './operation.ts'

const document = openApiDocument()

interface Route {
  decode: BodyDecoder<object>
  response: z.ZodType
}

const ROUTES: Record<string, Route> = {
  '/v1/publish': { decode: decodePublishBody, response: publishResponseSchema },
  '/v1/stats': { decode: decodeStatsBody, response: statsResponseSchema },
  '/': { decode: decodePublishBodyV1alpha1, response: publishResponseV1alpha1Schema },
}

const routes = Object.entries(ROUTES).map(([path, route]) => {
  const operation = document.paths[path]?.post
  if (!operation) throw new Error(`${path} is not in the document`)
  return { path, ...route, operation, responses: Object.entries(operation.responses) }
})

const examplesOf = (content: Content) =>
  Object.values(content['application/json'].examples).map(({ value }) => value)

/** The JSON Schema as a program reads it: with what it refers to. */
function validatorOf(content: Content): z.ZodType {
  const { schema } = content['application/json']
  const whole = { ...schema, $defs: document.components.schemas }
  return z.fromJSONSchema(
    JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/')),
  )
}

test('the document describes these routes and no others', () => {
  expect(Object.keys(document.paths).sort()).toEqual(Object.keys(ROUTES).sort())
})

describe.each(routes)('of $path', ({ decode, response, operation, responses }) => {
  test('each example of a request is one that the server reads, and fits the schema', () => {
    const { content } = operation.requestBody
    const validator = validatorOf(content)
    for (const value of examplesOf(content)) {
      const body = Buffer.from(JSON.stringify(value))
      expect(decode(body, 'application/json')).toMatchObject(value)
      expect(validator.safeParse(value)).toMatchObject({ success: true })
    }
    expect(examplesOf(content)).not.toHaveLength(0)
  })

  test.each(responses)('each example of a reply %s fits its schemas', (status, { content }) => {
    const validator = validatorOf(content)
    const made = status === '429' ? busyResponseSchema : response
    for (const value of examplesOf(content)) {
      expect(made.parse(value)).toEqual(value)
      expect(validator.parse(value)).toEqual(value)
    }
    expect(examplesOf(content)).not.toHaveLength(0)
  })

  test('only a status that passes by says when to come back', () => {
    const passing = responses.filter(([, { headers }]) => 'Retry-After' in headers)
    expect(passing.map(([status]) => status)).toEqual(['429', '503'])
  })
})

test('the schemas refuse what the server refuses', () => {
  const v1 = routes[0]?.operation
  const validator = validatorOf(v1?.requestBody.content as Content)
  const key = { key: 'AAAA', rollingStartNumber: 1, rollingPeriod: 144 }
  const request = { temporaryExposureKeys: [key], healthAuthorityID: 'app' }
  expect(validator.safeParse(request).success).toBe(true)
  for (const wrong of [
    { ...request, unknownField: 1 },
    { ...request, temporaryExposureKeys: [] },
    { ...request, temporaryExposureKeys: [{ ...key, rollingPeriod: 145 }] },
    { ...request, temporaryExposureKeys: [{ ...key, rollingStartNumber: '1' }] },
    { temporaryExposureKeys: [key] },
  ])
    expect(validator.safeParse(wrong).success).toBe(false)
})

test('a code that is not the status’s own does not fit', () => {
  const unauthorized = document.paths['/v1/publish']?.post.responses[401]
  const validator = validatorOf(unauthorized?.content as Content)
  expect(validator.safeParse({ code: 'unknown_health_authority_id' }).success).toBe(true)
  expect(validator.safeParse({ code: 'bad_request' }).success).toBe(false)
  expect(validator.safeParse({ error: 'no code' }).success).toBe(false)
})

test('whatever a publish can be refused with is told, and what it means', () => {
  const told = routes[0]?.responses.map(([, { description }]) => description) ?? []
  const { regionForbidden, ...declared } = errors
  for (const { code, meaning } of Object.values(declared))
    expect(told.join('\n')).toContain(`- \`${code}\`: ${meaning}`)
  expect(JSON.stringify(document.paths['/'])).toContain(regionForbidden.meaning)
})

test('every reference leads somewhere', () => {
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/([^"]+)"/g)
  const named = [...references].map(([, path = '']) => path.split('/'))
  const { components } = document
  for (const [kind = '', name = ''] of named)
    expect(components).toHaveProperty([kind, name], expect.anything())
  expect(named.length).toBeGreaterThan(20)
})

test('two calls tell the same, and neither can spoil the other’s', () => {
  const spoilt = openApiDocument()
  spoilt.info.title = 'spoilt'
  spoilt.components.schemas.PublishRequest = {}
  expect(openApiDocument()).toEqual(document)
})
