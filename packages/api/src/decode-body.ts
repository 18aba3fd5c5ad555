import type { z } from 'zod'
import { badRequest, bodyTooLarge, contentTypeRefused } from './errors.ts'
import { parseJson } from './json/parse-json.ts'
import { readerOf } from './json/reader.ts'
import { scanJson } from './json/scan-json.ts'

/** By this byte the JSON value of a request must have ended. */
export const MAX_VALUE_BYTES = 64_000

/** The longest body that is read at all, white space behind the value included. */
export const MAX_BODY_BYTES = 256 * 1024

const CONTENT_TYPE = 'application/json'
const ONLY_SPACE = /^[ \t\n\r]*$/
const SPACE = ' \t\n\r'

/**
 * Reads a request body, or throws `bad_request` with status 400, 413 or 415 and a text that says what
 * is wrong and where. It never quotes a value, only names of fields.
 */
export type BodyDecoder<Request> = (body: Uint8Array, contentType: string | undefined) => Request

/** A decoder for what a schema describes; every field of it has a default. */
export function bodyDecoder<Schema extends z.ZodObject>(
  schema: Schema,
): BodyDecoder<z.output<Schema>> {
  const read = readerOf(schema)
  return (body, contentType) => {
    // Only the beginning is compared, and case counts, as the reference server does it.
    if (!contentType?.startsWith(CONTENT_TYPE))
      throw contentTypeRefused('content-type is not application/json')
    return read(readDocument(body))
  }
}

function readDocument(body: Uint8Array): unknown {
  if (body.length > MAX_BODY_BYTES) throw bodyTooLarge(tooLargeText())
  const text = utf8(body)
  const document = tryParse(text)
  if (document === undefined) throw whyUnreadable(body, text)
  if (body.length > MAX_VALUE_BYTES && valueBytes(text) > MAX_VALUE_BYTES) {
    throw bodyTooLarge(tooLargeText())
  }
  return document
}

/** Undefined if the text is not JSON; no JSON document is undefined itself. */
function tryParse(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** The slow second look at a body that is not JSON. */
function whyUnreadable(body: Uint8Array, text: string): Error {
  if (ONLY_SPACE.test(text)) return badRequest('body must not be empty')
  const scan = scanJson(utf8(body.subarray(0, MAX_VALUE_BYTES)))
  if (scan.is === 'malformed') return badRequest(`malformed json at position ${scan.at + 1}`)
  if (scan.is === 'complete') return badRequest('body must contain only one JSON object')
  return body.length > MAX_VALUE_BYTES ? bodyTooLarge(tooLargeText()) : badRequest('malformed json')
}

function valueBytes(text: string): number {
  let end = text.length
  while (end > 0 && SPACE.includes(text.charAt(end - 1))) end--
  return Buffer.byteLength(text.slice(0, end))
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function tooLargeText(): string {
  return `http: request body too large, the JSON value must end within ${MAX_VALUE_BYTES} bytes`
}
