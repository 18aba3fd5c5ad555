import type { TimeClaims } from './claims.ts'

/** What the time claims say at a moment: whole seconds, no leeway, 0 is absent. */
export interface TimeFaults {
  /** By how many seconds it has expired. */
  expiredBySeconds: number | undefined
  issuedInFuture: boolean
  notYetValid: boolean
}

export function timeFaults({ exp, iat, nbf }: TimeClaims, at: Date): TimeFaults {
  const now = Math.floor(at.getTime() / 1000)
  return {
    expiredBySeconds: exp !== 0 && now > exp ? now - exp : undefined,
    issuedInFuture: iat > now,
    notYetValid: nbf > now,
  }
}

export function expiredText(seconds: number): string {
  return `token is expired by ${clockText(seconds)}`
}

/** `1h2m3s`, without leading zero parts. */
function clockText(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const short = `${seconds % 60}s`
  if (hours > 0) return `${hours}h${minutes % 60}m${short}`
  return minutes > 0 ? `${minutes}m${short}` : short
}
