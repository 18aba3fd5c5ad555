import { readFileSync } from 'node:fs'
import { parseDuration } from '@ens/config'
import { InvalidArgumentError } from 'commander'

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value]
}

export function collectIds(value: string, previous: readonly number[] = []): number[] {
  return [...previous, id(value)]
}

export function id(value: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('an id is a whole number from 1')
}

export function count(value: string): number {
  if (/^[0-9]{1,9}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('a whole number is needed')
}

/** An instant such as `2026-11-22T08:00:00Z`, or a day, which begins at midnight UTC. */
export function instant(value: string): Date {
  const at = new Date(value)
  if (/^\d{4}-\d{2}-\d{2}(T.*(Z|[+-]\d{2}:\d{2}))?$/.test(value) && !Number.isNaN(at.getTime()))
    return at
  throw new InvalidArgumentError('write 2026-11-22 or 2026-11-22T08:00:00Z')
}

export function seconds(value: string): number {
  return milliseconds(value) / 1000
}

export function milliseconds(value: string): number {
  try {
    return parseDuration(value)
  } catch {
    throw new InvalidArgumentError('write a duration such as 4h or 240h')
  }
}

export function yesOrNo(value: string): boolean {
  if (value === 'yes' || value === 'true') return true
  if (value === 'no' || value === 'false') return false
  throw new InvalidArgumentError('write yes or no')
}

export function file(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : 'it cannot be read')
  }
}
