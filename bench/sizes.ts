/** How much is measured. The full size takes half an hour and some gigabytes; the quick one shows only that all of it works. */
export interface Sizes {
  name: 'quick' | 'default' | 'full'
  /** The bench gives up when it takes longer than this. */
  limitMinutes: number
  rounds: number
  /** How long a round of publishing is to take. */
  roundSeconds: number
  warmUpPublishes: number
  /** Into a database that has just been made. */
  firstPublishes: number
  /** Keys in the tables beside the empty one, each time more. */
  liveKeys: readonly number[]
  /** Keys of the windows to export, the smaller one first. */
  exportedKeys: readonly [number, number]
  /** Many short windows, and the publishes in each. */
  windows: { count: number; publishesInEach: number }
  expiredKeys: number
  /** Of each kind, in each situation. */
  chaffSamples: number
  /** How often each service is started. */
  starts: number
  /** After how long a service counts as idle. */
  idleMs: number
}

const QUICK: Sizes = {
  name: 'quick',
  limitMinutes: 5,
  rounds: 1,
  roundSeconds: 0.4,
  warmUpPublishes: 150,
  firstPublishes: 200,
  liveKeys: [14_000],
  exportedKeys: [2800, 14_000],
  windows: { count: 6, publishesInEach: 20 },
  expiredKeys: 14_000,
  chaffSamples: 60,
  starts: 1,
  idleMs: 300,
}

const DEFAULT: Sizes = {
  name: 'default',
  limitMinutes: 60,
  rounds: 3,
  roundSeconds: 5,
  warmUpPublishes: 6000,
  firstPublishes: 5000,
  liveKeys: [1_000_000],
  exportedKeys: [100_000, 1_000_000],
  windows: { count: 144, publishesInEach: 694 },
  expiredKeys: 1_000_000,
  chaffSamples: 1000,
  starts: 5,
  idleMs: 3000,
}

const FULL: Sizes = {
  ...DEFAULT,
  name: 'full',
  limitMinutes: 240,
  rounds: 5,
  roundSeconds: 8,
  warmUpPublishes: 12_000,
  liveKeys: [1_000_000, 10_000_000],
  chaffSamples: 2000,
  starts: 9,
}

export const SIZES = { quick: QUICK, default: DEFAULT, full: FULL }
