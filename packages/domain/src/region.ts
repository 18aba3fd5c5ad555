import { regionInvalid } from './errors.ts'

const REGION = /^[A-Z0-9_-]{1,32}$/

/** The form in which a region is configured and stored: trimmed, upper-case. Throws `invalid_region`. */
export function normalizeRegion(text: string): string {
  const region = text.trim().toUpperCase()
  if (REGION.test(region)) return region
  throw regionInvalid(
    `region ${JSON.stringify(text.slice(0, 40))} is not 1 to 32 letters, digits, hyphens or underscores`,
  )
}
