import type { z } from 'zod'
import { declarations } from './env.ts'

export interface Setting {
  variable: string
  /** Read when the first is not set. */
  fallbackVariable: string | undefined
  type: string
  /** As an operator would write it; undefined when the setting is required. */
  fallback: string | undefined
  description: string
  secret: boolean
}

/** Lists every setting of a configuration, so that the operators' table is never written by hand. */
export function describeConfig(schema: z.ZodType): Setting[] {
  return declarations(schema).map(({ env, fallbackEnv, type, fallback, description, secret }) => ({
    variable: env,
    fallbackVariable: fallbackEnv,
    type,
    fallback,
    description,
    secret,
  }))
}

/** A loaded configuration by variable, for the log at start; secrets are masked. */
export function maskedConfig<T extends z.ZodType>(
  schema: T,
  config: z.output<T>,
): Record<string, unknown> {
  return Object.fromEntries(
    declarations(schema).map(({ env, path, secret }) => {
      const value = path.reduce<unknown>(
        (node, key) => (node as Record<string, unknown> | undefined)?.[key],
        config,
      )
      return [env, secret && value !== undefined ? '***' : value]
    }),
  )
}
