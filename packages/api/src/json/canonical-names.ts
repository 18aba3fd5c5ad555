import { z } from 'zod'
import { badRequest } from '../errors.ts'
import { foldName } from './fold-name.ts'

/** The fields of a request by the names they are known under, and what the elements of lists look like. */
interface Field {
  name: string
  elements: Fields | undefined
}

export type Fields = ReadonlyMap<string, Field>

/** Longer names are cut where they are quoted. */
const QUOTED_LENGTH = 64

/** The fields that a schema documents; a list of objects brings the fields of its elements along. */
export function fieldsOf(schema: z.ZodObject): Fields {
  const fields = new Map<string, Field>()
  for (const [name, type] of Object.entries(schema.shape)) {
    const field = { name, elements: elementsOf(type) }
    fields.set(foldName(name), field).set(name, field)
  }
  return fields
}

function elementsOf(type: z.core.$ZodType): Fields | undefined {
  if (type instanceof z.ZodDefault) return elementsOf(type.unwrap())
  if (type instanceof z.ZodArray && type.element instanceof z.ZodObject) {
    return fieldsOf(type.element)
  }
  return undefined
}

/**
 * The same document with every field under its own name: names are compared case-insensitively, the
 * later of two spellings counts, null is absent. Throws `bad_request` for a field that is not known,
 * at any level, and where an object is expected and something else was sent.
 */
export function withCanonicalNames(value: unknown, fields: Fields, path = ''): object {
  if (value === null) return {}
  // Refused here and at once: a body can hold ten thousands of elements, and the schema would report on each.
  if (!isObject(value))
    throw badRequest(`invalid value ${JSON.stringify(path)}: expected an object`)
  const canonical: Record<string, unknown> = {}
  for (const name of Object.keys(value)) {
    const field = fields.get(name) ?? fields.get(foldName(name))
    if (field === undefined) throw badRequest(unknownField(name))
    const member = value[name]
    if (member !== null) canonical[field.name] = canonicalMember(member, field)
  }
  return canonical
}

function canonicalMember(member: unknown, { name, elements }: Field): unknown {
  if (typeof member === 'string') return member.toWellFormed()
  if (!Array.isArray(member)) return member
  return elements
    ? member.map((element, i) => withCanonicalNames(element, elements, `${name}.${i}`))
    : member.map(canonicalElement)
}

/** A null in a list of plain values is an element with its zero value, which the schema fills in. */
function canonicalElement(element: unknown): unknown {
  if (element === null) return undefined
  return typeof element === 'string' ? element.toWellFormed() : element
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unknownField(name: string): string {
  return `unknown field ${JSON.stringify(name.slice(0, QUOTED_LENGTH))}`
}
