import { z } from 'zod'
import { badRequest } from '../errors.ts'
import { foldName } from './fold-name.ts'

/**
 * Reads what a schema describes from a parsed document: names are compared case-insensitively, null is
 * absent, the later of two spellings counts. Throws `bad_request` for the first fault in the order of
 * the document, and looks no further: a body has room for ten thousands of them.
 */
export type Reader<Value = unknown> = (value: unknown, path?: Path) => Value

/** The names and places that lead to where a reader is; only a fault writes them down. */
type Path = (string | number)[]

interface Field {
  name: string
  read: Reader
}

type Fields = ReadonlyMap<string, Field>

/** Longer names are cut where they are quoted. */
const QUOTED_LENGTH = 64

/** A reader for an object whose every field has a default. */
export function readerOf<Schema extends z.ZodObject>(schema: Schema): Reader<z.output<Schema>> {
  const fields = fieldsOf(schema)
  return (value, path = []) => {
    const read = schema.parse({})
    if (value === null) return read
    if (!isObject(value)) throw fault(path, 'expected an object')
    return Object.assign(read, readMembers(value, fields, path))
  }
}

function readMembers(value: Record<string, unknown>, fields: Fields, path: Path): object {
  const read: Record<string, unknown> = {}
  for (const name of Object.keys(value)) {
    const field = fields.get(name) ?? fields.get(foldName(name))
    if (field === undefined) throw badRequest(unknownField(name))
    const member = value[name]
    if (member !== null) read[field.name] = readAt(field.name, field.read, member, path)
  }
  return read
}

function readAt(step: string | number, read: Reader, value: unknown, path: Path): unknown {
  path.push(step)
  const result = read(value, path)
  path.pop()
  return result
}

function fieldsOf(schema: z.ZodObject): Fields {
  const fields = new Map<string, Field>()
  for (const [name, type] of Object.entries(schema.shape)) {
    const field = { name, read: fieldReader(type as z.ZodType) }
    fields.set(foldName(name), field).set(name, field)
  }
  return fields
}

function fieldReader(type: z.ZodType): Reader {
  const inner = type instanceof z.ZodDefault ? type.unwrap() : type
  if (inner instanceof z.ZodArray) return listReader(inner)
  return inner instanceof z.ZodObject ? readerOf(inner) : valueReader(type)
}

/** Element by element, so that the first that is wrong ends it. */
function listReader(list: z.ZodArray): Reader {
  const read = fieldReader(list.element as z.ZodType)
  return (value, path = []) => {
    if (Array.isArray(value)) return value.map((element, i) => readAt(i, read, element, path))
    throw fault(path, list.safeParse(value).error?.issues[0]?.message)
  }
}

/** A null in a list of plain values is an element with its zero value, which the schema fills in. */
function valueReader(type: z.ZodType): Reader {
  return (value, path = []) => {
    const given = value === null ? undefined : value
    const result = type.safeParse(typeof given === 'string' ? given.toWellFormed() : given)
    if (result.success) return result.data
    throw fault(path, result.error.issues[0]?.message)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fault(path: Path, reason = 'not what was expected'): Error {
  return badRequest(`invalid value ${JSON.stringify(path.join('.'))}: ${reason}`)
}

function unknownField(name: string): string {
  return `unknown field ${JSON.stringify(name.slice(0, QUOTED_LENGTH))}`
}
