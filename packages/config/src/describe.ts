import type { z } from 'zod'
import { shortDuration } from './duration.ts'
import { type Declaration, declarations } from './env.ts'

export interface Setting {
  variable: string
  /** Read when the first is not set. */
  fallbackVariable: string | undefined
  type: string
  /** As an operator would write it; undefined when the setting is required. */
  fallback: string | undefined
  description: string
  secret: boolean
  /** With a reference to a secret it arrives as a function that gives the current value. */
  live: boolean
}

/** Lists every setting of a configuration, so that the operators' table is never written by hand. */
export function describeConfig(schema: z.ZodType): Setting[] {
  return declarations(schema).map(({ path: _, env, fallbackEnv, ...rest }) => ({
    variable: env,
    fallbackVariable: fallbackEnv,
    ...rest,
  }))
}

export interface MaskOptions {
  /** Variables to mask although they are not declared secret, as their values came from a secret manager. */
  hidden?: ReadonlySet<string>
}

/** A loaded configuration by variable, for the log at start; secrets are masked, durations read as operators write them. */
export function maskedConfig<T extends z.ZodType>(
  schema: T,
  config: z.output<T>,
  { hidden = new Set() }: MaskOptions = {},
): Record<string, unknown> {
  const shown = declarations(schema).map((declaration) => {
    const { env, fallbackEnv = '', path, secret } = declaration
    const value = valueAt(config, path)
    const masked = value !== undefined && (secret || hidden.has(env) || hidden.has(fallbackEnv))
    return [env, masked ? '***' : readable(declaration, value)]
  })
  return Object.fromEntries(shown)
}

function valueAt(config: unknown, path: readonly string[]): unknown {
  return path.reduce((node, key) => (node as Record<string, unknown> | undefined)?.[key], config)
}

function readable({ type }: Declaration, value: unknown): unknown {
  if (type === 'duration' && typeof value === 'number') return shortDuration(value)
  return typeof value === 'string' ? withoutCredentials(value) : value
}

/** A URL may hold a password, or a signature in its query. */
function withoutCredentials(text: string): string {
  const url = text.includes('://') ? URL.parse(text) : null
  if (!url || (url.username + url.password + url.search).length === 0) return text
  if (url.username + url.password !== '') {
    url.username = '***'
    url.password = ''
  }
  if (url.search !== '') url.search = '?***'
  return url.href
}
