import { z } from 'zod'
import { formatDuration, NOT_A_DURATION, parseDuration } from './duration.ts'

/*
 * The types of settings. Each says in its metadata what operators read of it (`type`, `fallback`), and arrives parsed.
 * An unset variable takes the fallback; one that is set but empty is an error, except where text may be empty.
 */

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

/** Yes or no, in the spellings of the reference server. */
export function flag(fallback?: boolean): z.ZodType<boolean> {
  return setting('flag', fallback?.toString(), (text) => {
    if (TRUE.has(text)) return true
    if (FALSE.has(text)) return false
    return problem('neither true nor false')
  })
}

export interface IntegerBounds {
  min?: number
  max?: number
  fallback?: number
}

const INTEGER = /^[-+]?(0[xX](_?[0-9a-fA-F])+|0[oO](_?[0-7])+|0[bB](_?[01])+|0|[1-9](_?[0-9])*)$/

/** A whole number: decimal, or `0x`, `0o`, `0b`; `_` may separate digits. A leading zero is refused: elsewhere it means octal. */
export function integer({ min, max, fallback }: IntegerBounds = {}): z.ZodType<number> {
  return setting('integer', fallback?.toString(), (text) => {
    if (!INTEGER.test(text)) return problem('not a whole number')
    const value = signed(text.replaceAll('_', ''))
    if (!Number.isSafeInteger(value)) return problem('too large a number')
    if (min !== undefined && value < min) return problem(`less than ${min}`)
    if (max !== undefined && value > max) return problem(`more than ${max}`)
    return value
  })
}

function signed(text: string): number {
  if (text.startsWith('-')) return -Number(text.slice(1))
  return Number(text.startsWith('+') ? text.slice(1) : text)
}

/** A share, from 0 to 1. */
export function ratio(fallback?: string): z.ZodType<number> {
  return setting('ratio from 0 to 1', fallback, (given) => {
    const share = /^(\d+(\.\d*)?|\.\d+)$/.test(given) ? Number(given) : Number.NaN
    return share <= 1 ? share : problem('not a number from 0 to 1')
  })
}

/** A length of time as Go writes it; arrives in milliseconds. */
export function duration(fallback?: string): z.ZodType<number> {
  return setting('duration', fallback, (given) => {
    try {
      return parseDuration(given)
    } catch {
      return problem(NOT_A_DURATION)
    }
  })
}

/** A timer of Node holds 2^31 - 1 ms; a longer one goes off at once. These 24 days leave 20 hours to add. */
export const LONGEST_TIMEOUT_MS = 24 * 24 * 3_600_000

/**
 * A length of time that a timer is set to: at least a millisecond, at most 24 days; arrives in whole
 * milliseconds. For lengths of time that are only reckoned with, such as a time to live, take `duration`.
 */
export function timeout(fallback?: string): z.ZodType<number> {
  return duration(fallback)
    .refine((ms) => ms >= 1, 'must be at least 1ms')
    .refine(
      (ms) => ms <= LONGEST_TIMEOUT_MS,
      `more than ${formatDuration(LONGEST_TIMEOUT_MS)}, the longest that can be waited for`,
    )
    .transform(Math.round)
}

/** Text that must not be empty. */
export function text(fallback?: string): z.ZodType<string> {
  return setting('text', fallback, (given) => (given === '' ? problem('must not be empty') : given))
}

/** Text that may be missing; an empty variable counts as missing. */
export function optionalText(): z.ZodType<string | undefined> {
  return z
    .string()
    .optional()
    .transform((given) => given || undefined)
    .meta({ type: 'text', fallback: '' }) as unknown as z.ZodType<string | undefined>
}

export interface CurrentTextOptions {
  /** A value that was read longer ago is read anew: the caller has a reason to doubt it. */
  maxAgeMs?: number
}

/** Gives a text as it is now, or was a short while ago. */
export type CurrentText = (options?: CurrentTextOptions) => Promise<string>

/** A text that stays as it is, or a way to the current one. */
export type LiveText = string | CurrentText

/**
 * As `optionalText`, for a text that may change while the process runs: with a reference to a secret it arrives
 * as a function, to be called whenever the text is needed.
 */
export function optionalLiveText(): z.ZodType<LiveText | undefined> {
  const current = z.custom<CurrentText>((given) => typeof given === 'function')
  return z
    .union([z.string(), current])
    .optional()
    .transform((given) => given || undefined)
    .meta({ type: 'text', fallback: '', live: true }) as unknown as z.ZodType<LiveText | undefined>
}

/** Text that may be missing, where an empty variable would be a trap: it is refused. */
export function textIfSet(): z.ZodType<string | undefined> {
  return z
    .string()
    .min(1, 'must not be empty; leave it unset instead')
    .optional()
    .meta({ type: 'text', fallback: '' })
}

const ORIGIN = /^https?:\/\/[^/?#@\s]+$/

/** The address of a server (scheme, host and perhaps a port) that may be missing. */
export function originIfSet(): z.ZodType<string | undefined> {
  return textIfSet().refine(
    (origin) => origin === undefined || ORIGIN.test(origin),
    'not an address such as https://host or https://host:8443',
  )
}

/** A comma-separated list; items are trimmed, empty ones dropped. */
export function list(fallback?: string): z.ZodType<string[]> {
  return setting('list', fallback, (given) =>
    given
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )
}

/** One of a few words, exactly as written. */
export function choice<const Word extends string>(
  words: readonly Word[],
  fallback?: Word,
): z.ZodType<Word> {
  return setting(words.join(' | '), fallback, (given) => {
    const word = words.find((candidate) => candidate === given)
    return word ?? problem(`not one of ${words.join(', ')}`)
  })
}

/** One of a few words, in any letter case. */
export function wordIgnoringCase<const Word extends string>(
  words: readonly Word[],
  fallback?: Word,
): z.ZodType<Word> {
  return setting(words.join(' | '), fallback, (given) => {
    const word = words.find((candidate) => candidate === given.toUpperCase())
    return word ?? problem(`not one of ${words.join(', ')}`)
  })
}

class Problem {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

function problem(message: string): Problem {
  return new Problem(message)
}

/** A setting whose text is parsed by `parse`; required unless there is a fallback. */
function setting<T>(
  type: string,
  fallback: string | undefined,
  parse: (text: string) => T | Problem,
): z.ZodType<T> {
  const parsed = z.string('required, but not set').transform((given, context) => {
    const value = parse(given)
    if (!(value instanceof Problem)) return value
    context.addIssue({ code: 'custom', message: value.message })
    return z.NEVER
  })
  const complete = fallback === undefined ? parsed : parsed.prefault(fallback)
  return complete.meta({
    type,
    ...(fallback !== undefined && { fallback }),
  }) as unknown as z.ZodType<T>
}
