import { z } from 'zod'
import { busyResponseSchema, publishRequestSchema, publishResponseSchema } from '../v1/publish.ts'
import { sentKeySchema } from '../v1/sent-key.ts'
import { statsDaySchema, statsRequestSchema, statsResponseSchema } from '../v1/stats.ts'
import { publishRequestV1alpha1Schema, publishResponseV1alpha1Schema } from '../v1alpha1/publish.ts'

/** A JSON Schema of the dialect of OpenAPI 3.1. */
export type JsonSchema = Readonly<Record<string, unknown>>

export type ComponentSchemas = Record<string, JsonSchema>

/** Schemas as they are read, and the fields without which no request has ever succeeded. */
const REQUESTS = {
  PublishRequest: {
    schema: publishRequestSchema,
    needed: ['temporaryExposureKeys', 'healthAuthorityID'],
  },
  ExposureKey: { schema: sentKeySchema, needed: ['key', 'rollingStartNumber', 'rollingPeriod'] },
  StatsRequest: { schema: statsRequestSchema, needed: [] },
  PublishRequestV1alpha1: {
    schema: publishRequestV1alpha1Schema,
    needed: ['temporaryExposureKeys', 'appPackageName'],
  },
}

const RESPONSES = {
  PublishResponse: publishResponseSchema,
  StatsResponse: statsResponseSchema,
  StatsDay: statsDaySchema,
  PublishResponseV1alpha1: publishResponseV1alpha1Schema,
  BusyResponse: busyResponseSchema,
}

export type SchemaName = keyof typeof REQUESTS | keyof typeof RESPONSES

const schemaPath = (name: string) => `#/components/schemas/${name}`

export const reference = (name: SchemaName) => ({ $ref: schemaPath(name) })

/** Every schema under its name; those inside of others are referred to. */
export function componentSchemas(): ComponentSchemas {
  const requests = Object.entries(REQUESTS)
  const read = jsonSchemas(
    'input',
    requests.map(([name, { schema }]) => [name, schema]),
  )
  const written = jsonSchemas('output', Object.entries(RESPONSES))
  for (const [name, { needed }] of requests)
    read[name] = { ...read[name], ...(needed.length > 0 && { required: needed }) }
  return { ...read, ...written }
}

function jsonSchemas(io: 'input' | 'output', named: [string, z.ZodType][]): ComponentSchemas {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of named) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, {
    io,
    uri: schemaPath,
    unrepresentable: 'any',
    override({ jsonSchema }) {
      leaveOutWhatSaysNothing(jsonSchema)
      // Clients leave alone what they do not know, so that a later server may say more.
      if (io === 'output') delete jsonSchema.additionalProperties
    },
  })
  return mapValues(schemas, ({ $schema: _, $id: __, ...schema }) => schema)
}

const MIN_INT32 = -(2 ** 31)
const MAX_INT32 = 2 ** 31 - 1
const MAX_UINT32 = 2 ** 32 - 1

/** An absent field has its zero value, which the description of the API says once; a format needs no bounds. */
function leaveOutWhatSaysNothing(schema: z.core.JSONSchema.BaseSchema): void {
  delete schema.default
  if (schema.format === 'date-time') delete schema.pattern
  if (schema.minimum === MIN_INT32) {
    delete schema.minimum
    schema.format = 'int32'
  }
  if (schema.maximum === MAX_INT32 || schema.maximum === MAX_UINT32) delete schema.maximum
}

function mapValues<From, To>(
  record: Record<string, From>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
