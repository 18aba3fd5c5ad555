import { parseArgs } from 'node:util'
import { SIZES, type Sizes } from './sizes.ts'

export interface Options {
  scenarios: string[]
  sizes: Sizes
  /** Where the result goes; in the folder of results if not said. */
  out: string | undefined
  /** Whether services write profiles of their processor time, which slows them down. */
  profiles: boolean
}

/** Throws a sentence for who typed them. */
export function parseOptions(args: string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      out: { type: 'string' },
      seconds: { type: 'string' },
    },
  })
  if (values.quick && values.full) throw new Error('choose one of --quick and --full')
  const unknown = positionals.filter((name) => name !== 'all' && !known.includes(name))
  if (unknown.length > 0)
    throw new Error(
      `there is no scenario "${unknown.join('", "')}"; there are: ${known.join(', ')}, all`,
    )
  const isAll = positionals.length === 0 || positionals.includes('all')
  return {
    scenarios: isAll ? [...known] : positionals,
    sizes: chooseSizes(values),
    out: values.out,
    profiles: values.profile,
  }
}

/** Longer rounds scatter less. */
function chooseSizes({
  quick,
  full,
  seconds,
}: {
  quick: boolean
  full: boolean
  seconds?: string
}): Sizes {
  const sizes = quick ? SIZES.quick : full ? SIZES.full : SIZES.default
  if (seconds === undefined) return sizes
  const roundSeconds = Number(seconds)
  if (!(roundSeconds > 0)) throw new Error('--seconds has to be a number of seconds')
  return { ...sizes, roundSeconds }
}
