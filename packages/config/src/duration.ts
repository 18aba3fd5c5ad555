const UNITS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g
const DURATION = /^[-+]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/

/** Reads a length of time as Go writes it (`90s`, `1h30m`, `24h0m0s`, `-1s`, `0`), in milliseconds. Throws a `RangeError`. */
export function parseDuration(text: string): number {
  if (text === '0') return 0
  if (!DURATION.test(text)) throw new RangeError(NOT_A_DURATION)
  const parts = [...text.matchAll(PART)]
  const ms = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? 0),
    0,
  )
  return (text.startsWith('-') ? -1 : 1) * toNanosecond(ms)
}

/** Without what only floating point adds. */
function toNanosecond(ms: number): number {
  return Math.round(ms * 1e6) / 1e6
}

/** Writes milliseconds as Go does: `336h0m0s`, `1m30s`, `250ms`. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`
  if (ms === 0) return '0s'
  if (ms < 1000) return `${ms}ms`
  const hours = Math.floor(ms / 3_600_000)
  const minutes = Math.floor(ms / 60_000) % 60
  const seconds = toNanosecond((ms % 60_000) / 1000)
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`
}

export const NOT_A_DURATION = 'not a duration; write for example 90s, 5m or 1h30m'

/** The default as operators write it: `5m` for `5m0s`, and `336h` for `336h0m0s`. */
export function shortDuration(ms: number): string {
  return formatDuration(ms)
    .replace(/([hm])0s$/, '$1')
    .replace(/h0m$/, 'h')
}
