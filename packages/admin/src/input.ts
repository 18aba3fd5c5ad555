import { isFault, UNIQUE_VIOLATION } from '@ens/database'
import { normalizeRegion } from '@ens/domain'
import { isAppError } from '@ens/errors'
import { configurationNotFound, invalidInput, nameTaken } from './errors.ts'

/** The text without white space around it; throws `invalid_input` when nothing is left. */
export function required(name: string, text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') throw invalidInput(`${name} must not be empty`)
  return trimmed
}

/** Regions as they are stored: upper case, sorted, each once. */
export function regions(name: string, list: readonly string[]): string[] {
  try {
    return [...new Set(list.map(normalizeRegion))].sort()
  } catch (cause) {
    if (!isAppError(cause)) throw cause
    throw invalidInput(`${name}: ${cause.message}`, { cause })
  }
}

/** An http or https URL, as text. */
export function webAddress(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw invalidInput(`${name} must be an http or https URL`)
  return url.href
}

/** Throws `invalid_input` when the end would come before the beginning. */
export function checkOrder(from: Date, thru: Date | undefined): void {
  if (thru && thru < from)
    throw invalidInput(
      `the end (${thru.toISOString()}) is before the beginning (${from.toISOString()})`,
    )
}

export function found<T>(what: string, value: T | undefined): T {
  if (value === undefined) throw configurationNotFound(`there is no ${what}`)
  return value
}

/** Runs an insert or update, and says in the operator's words when the name is taken. */
export async function unlessTaken<T>(what: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (cause) {
    if (!isFault(cause, UNIQUE_VIOLATION)) throw cause
    throw nameTaken(`there is already ${what}`, { cause })
  }
}

/** What is to change; what is not given stays. */
export type Changes<T> = { [Name in keyof T]?: T[Name] | undefined }

/** What is known, with what was given in its place. */
export function withChanges<T extends object>(known: T, changes: Changes<T>): T {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined)
  return { ...known, ...Object.fromEntries(given) }
}
