import { expect, test } from 'vitest'
import { z } from 'zod'
import { publishRequestSchema, publishResponse, publishResponseSchema } from './publish.ts'

test('what is empty is not in the reply', () => {
  expect(
    publishResponse({ revisionToken: '', insertedExposures: 0, error: '', code: '', warnings: [] }),
  ).toEqual({})
  const full = {
    revisionToken: 'dG9rZW4=',
    insertedExposures: 2,
    error: '1 error occurred',
    code: 'partial_failure',
    padding: 'AAAA',
    warnings: ['key 0 symptom onset is too large'],
  }
  expect(publishResponse(full)).toEqual(full)
  expect(publishResponseSchema.parse(publishResponse(full))).toEqual(full)
})

test('the schemas can be written down as JSON Schema, 64-bit integers included', () => {
  const schema = z.toJSONSchema(publishRequestSchema, { io: 'input', unrepresentable: 'any' })
  expect(schema).toMatchObject({
    additionalProperties: false,
    properties: {
      temporaryExposureKeys: {
        items: { properties: { transmissionRisk: { type: 'integer', format: 'int64' } } },
      },
    },
  })
  expect(schema.required).toBeUndefined()
})
