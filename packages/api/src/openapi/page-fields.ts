import type { ComponentSchemas, JsonSchema } from './component-schemas.ts'
import { html, inline, type Markup, NOTHING } from './markup.ts'

/** What of a JSON Schema is shown. */
interface ShownSchema {
  $ref?: string
  type?: string
  format?: string
  contentEncoding?: string
  description?: string
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  deprecated?: boolean
  items?: ShownSchema
  allOf?: ShownSchema[]
  properties?: Record<string, ShownSchema>
  required?: string[]
}

/** The fields of an object, those of objects inside it included. */
export function fieldList(schema: JsonSchema, schemas: ComponentSchemas): Markup {
  return fieldsOf(schema, schemas)
}

function fieldsOf(schema: ShownSchema, schemas: ComponentSchemas): Markup {
  const { properties = {}, required = [] } = resolve(schema, schemas)
  const rows = Object.entries(properties).map(([name, field]) =>
    fieldRow(name, field, required.includes(name), schemas),
  )
  return html`<dl class="fields">${rows}</dl>`
}

function fieldRow(
  name: string,
  field: ShownSchema,
  isRequired: boolean,
  schemas: ComponentSchemas,
): Markup {
  const { description = '', deprecated } = field
  const inner = innerObject(field, schemas)
  return html`<div><dt><code>${name}</code><small>${typeOf(field)}${
    isRequired ? html`, <b>required</b>` : NOTHING
  }${deprecated ? html`, <b>deprecated</b>` : NOTHING}</small></dt><dd>${inline(description)}${
    inner ? fieldsOf(inner, schemas) : NOTHING
  }</dd></div>`
}

function innerObject(field: ShownSchema, schemas: ComponentSchemas): ShownSchema | undefined {
  const inner = resolve(field.items ?? field, schemas)
  return inner.properties && inner
}

/** What a schema refers to; of several that all hold, the first, which is the one with the fields. */
function resolve(schema: ShownSchema, schemas: ComponentSchemas): ShownSchema {
  const [first] = schema.allOf ?? []
  if (first) return resolve(first, schemas)
  return (schema.$ref && schemas[nameOf(schema.$ref)]) || schema
}

const nameOf = (ref: string) => ref.slice(ref.lastIndexOf('/') + 1)

function typeOf(field: ShownSchema): string {
  if (field.$ref) return nameOf(field.$ref)
  const { type = 'any', format = field.contentEncoding, items } = field
  const base = items ? `list of ${typeOf(items)}` : type
  return [base, format, rangeOf(field)].filter(Boolean).join(', ')
}

function rangeOf(field: ShownSchema): string {
  const { minimum, maximum, minItems, maxItems } = field
  if (minItems !== undefined && minItems === maxItems) return `${minItems} of them`
  if (minItems !== undefined) return `at least ${minItems}`
  if (minimum === undefined) return ''
  return maximum === undefined ? `${minimum} or more` : `${minimum} to ${maximum}`
}
