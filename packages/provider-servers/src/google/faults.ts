/** What a service does instead of what it was asked. */
type Fault = 'refuse' | 'throttle' | 'break'

export interface FaultSwitches {
  /** The caller lacks every permission, until `recover`. */
  refusePermission(): void
  /** The next so many calls are too many: 429, RESOURCE_EXHAUSTED. */
  throttle(calls: number): void
  /** The next so many calls meet an outage: 503, UNAVAILABLE. */
  breakDown(calls: number): void
  /** The next so many calls, `after` so many others, are carried out, but the connection ends before the answer. Storage only. */
  loseAnswers(calls: number, after?: number): void
  /** Every answer from now on has a byte that differs from what its checksum was made of. */
  corruptAnswers(): void
  recover(): void
}

export interface Faults extends FaultSwitches {
  /** The fault of the call that has just come in. */
  next(): Fault | undefined
  readonly corrupting: boolean
  /** Whether the answer that would be sent now is one to lose. */
  loses(): boolean
}

export function faultSwitches(): Faults {
  let refusing = false
  let corrupting = false
  let losing = 0
  let sparing = 0
  let pending: { fault: Fault; left: number } | undefined
  const forTheNext = (fault: Fault, left: number) => {
    pending = { fault, left }
  }
  return {
    refusePermission() {
      refusing = true
    },
    throttle: (calls) => forTheNext('throttle', calls),
    breakDown: (calls) => forTheNext('break', calls),
    loseAnswers(calls, after = 0) {
      losing = calls
      sparing = after
    },
    loses: () => sparing-- <= 0 && losing-- > 0,
    corruptAnswers() {
      corrupting = true
    },
    recover() {
      refusing = false
      corrupting = false
      losing = 0
      pending = undefined
    },
    next() {
      if (refusing) return 'refuse'
      if (!pending || pending.left-- <= 0) return undefined
      return pending.fault
    },
    get corrupting() {
      return corrupting
    },
  }
}
