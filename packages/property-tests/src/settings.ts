import { randomInt } from 'node:crypto'

/** How property tests of one test run draw their cases. */
export interface PropertySettings {
  seed: number
  /** How many times as many cases as in the default run. */
  factor: number
}

/** The default run draws the same cases everywhere; any number serves. */
const FIXED_SEED = 20_200_615
const MAX_SEED = 0x7fffffff
const MAX_FACTOR = 10_000

/**
 * Reads `PROPERTY_RUNS` (how many times as many cases, 1 to 10 000) and `PROPERTY_SEED` (a 32-bit integer). A run of more
 * cases than usual looks for new ones: its seed is random unless given. Throws for anything but whole numbers in range.
 */
export function readSettings(
  variables: Record<string, string | undefined>,
  random: (below: number) => number = randomInt,
): PropertySettings {
  const factor = wholeNumber(variables, 'PROPERTY_RUNS', 1, MAX_FACTOR) ?? 1
  const seed = wholeNumber(variables, 'PROPERTY_SEED', -MAX_SEED - 1, MAX_SEED)
  return { factor, seed: seed ?? (factor === 1 ? FIXED_SEED : random(MAX_SEED)) }
}

/** What to say at the beginning of a run that others cannot know; undefined for the default run. */
export function describeSettings({ seed, factor }: PropertySettings): string | undefined {
  if (factor === 1 && seed === FIXED_SEED) return undefined
  return `Property tests draw ${factor} times their usual cases; the same again: PROPERTY_RUNS=${factor} PROPERTY_SEED=${seed}`
}

function wholeNumber(
  variables: Record<string, string | undefined>,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const { [name]: text } = variables
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^-?\d+$/.test(text) && value >= min && value <= max) return value
  throw new Error(`${name}: not a whole number from ${min} to ${max}`)
}
