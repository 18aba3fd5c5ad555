import { MAX_NESTING } from './nesting.ts'

/** Where the first JSON value of a text ends, or the first character that cannot belong to one. */
export type JsonScan =
  | { is: 'complete'; end: number }
  | { is: 'incomplete' }
  | { is: 'malformed'; at: number }

const SPACE_CODE = 0x20
const SPACE = /[ \t\n\r]*/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: a JSON string may not hold raw ones
const STRING_CHARACTERS = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y
const BEGUN_ESCAPE = /\\(?:u[0-9a-fA-F]{0,3})?/y
const BEGUN_NUMBER = /-?(?:(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d*)?)?/y
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const LITERALS: Record<string, string> = { t: 'true', f: 'false', n: 'null' }

/** What may come next, as the characters a token can begin with. */
const VALUE = '{["-0123456789tfn'
const FIRST_ELEMENT = `${VALUE}]`
const FIRST_NAME = '"}'
const NAME = '"'
const COLON = ':'

/**
 * Reads as far as the first value goes, without building it. `JSON.parse` is faster, but does not say
 * whether a text broke off or was wrong, nor where a value ended that has more text behind it. A text is
 * wrong too where it is nested beyond `MAX_NESTING`.
 */
export function scanJson(text: string): JsonScan {
  /** The closing brackets still owed, innermost last. */
  const owed: string[] = []
  let allowed = VALUE
  let at = skipSpace(text, 0)
  for (; ; at = skipSpace(text, at)) {
    const character = text[at]
    if (character === undefined) return { is: 'incomplete' }
    if (!allowed.includes(character)) return { is: 'malformed', at }
    const token = scanToken(text, at, character)
    if (token.is !== 'complete') return token
    at = token.end
    allowed = allowedAfter(character, allowed, owed)
    if (owed.length > MAX_NESTING) return { is: 'malformed', at: at - 1 }
    if (allowed === '') return token
  }
}

/** Keeps count of the brackets; an empty answer means that the value is complete. */
function allowedAfter(character: string, allowed: string, owed: string[]): string {
  if (character === '{') return owe(owed, '}', FIRST_NAME)
  if (character === '[') return owe(owed, ']', FIRST_ELEMENT)
  if (character === ':') return VALUE
  if (character === ',') return owed.at(-1) === '}' ? NAME : VALUE
  if (character === '"' && (allowed === NAME || allowed === FIRST_NAME)) return COLON
  if (character === '}' || character === ']') owed.pop()
  const closing = owed.at(-1)
  return closing === undefined ? '' : `,${closing}`
}

function owe(owed: string[], closing: string, allowed: string): string {
  owed.push(closing)
  return allowed
}

function scanToken(text: string, at: number, character: string): JsonScan {
  if ('{}[],:'.includes(character)) return { is: 'complete', end: at + 1 }
  if (character === '"') return scanString(text, at)
  const literal = LITERALS[character]
  return literal === undefined ? scanNumber(text, at) : scanLiteral(text, at, literal)
}

function scanString(text: string, at: number): JsonScan {
  const end = matchFrom(STRING_CHARACTERS, text, at)
  if (text[end] === '"') return { is: 'complete', end: end + 1 }
  return brokenAt(text, text[end] === '\\' ? matchFrom(BEGUN_ESCAPE, text, end) : end)
}

function scanNumber(text: string, at: number): JsonScan {
  const end = matchFrom(BEGUN_NUMBER, text, at)
  return NUMBER.test(text.slice(at, end)) ? { is: 'complete', end } : brokenAt(text, end)
}

function scanLiteral(text: string, at: number, literal: string): JsonScan {
  for (const [i, character] of [...literal].entries()) {
    if (text[at + i] !== character) return brokenAt(text, at + i)
  }
  return { is: 'complete', end: at + literal.length }
}

function brokenAt(text: string, at: number): JsonScan {
  return at >= text.length ? { is: 'incomplete' } : { is: 'malformed', at }
}

function skipSpace(text: string, at: number): number {
  return text.charCodeAt(at) > SPACE_CODE ? at : matchFrom(SPACE, text, at)
}

/** The end of what a sticky pattern matches at this place. */
function matchFrom(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  pattern.test(text)
  return pattern.lastIndex
}
