import { isNestedTooDeeply, MAX_NESTING } from './nesting.ts'

/** A number that `JSON.parse` alone would accept or round although it is no integer, or too long to be exact. */
const INEXACT_NUMBER = /[:,[][ \t\n\r]*-?\d(?:\d{15}|\d*[.eE])/

const INTEGER = /^-?\d+$/

/** Longer ones are beyond 64 bits. */
const MAX_INTEGER_LENGTH = 20

/**
 * `JSON.parse`, except that integers stay exact and nothing else counts as one: an integer that a
 * number cannot hold becomes a bigint; `1.0`, `1e2` and whatever is longer than 64 bits become NaN.
 * Throws SyntaxError, also where lists and objects are nested beyond `MAX_NESTING`.
 */
export function parseJson(text: string): unknown {
  if (isNestedTooDeeply(text)) throw new SyntaxError(`more than ${MAX_NESTING} levels`)
  // Reading every number from its source takes ten times as long, so only where one looks inexact.
  return INEXACT_NUMBER.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text)
}

function exactInteger(_name: string, value: unknown, context?: { source: string }): unknown {
  if (typeof value !== 'number' || context === undefined) return value
  const { source } = context
  if (!INTEGER.test(source) || source.length > MAX_INTEGER_LENGTH) return Number.NaN
  return Number.isSafeInteger(value) ? value : BigInt(source)
}
