import { z } from 'zod'

declare module 'zod' {
  interface GlobalMeta {
    /** The variable that a setting is read from. */
    env?: string
    /** The variable that is read when the first is not set. */
    fallbackEnv?: string
    /** Never printed. */
    secret?: boolean
    /** May arrive as a function that gives the current value. */
    live?: boolean
    type?: string
    fallback?: string
  }
}

export interface EnvOptions {
  /** Another variable, read when this one is not set. */
  fallback?: string
  secret?: boolean
}

/** Declares one setting: the variable it is read from, and a sentence that tells operators what it does. */
export function env<T extends z.ZodType>(
  variable: string,
  type: T,
  sentence: string,
  { fallback, secret }: EnvOptions = {},
): T {
  return type.meta({
    ...wordsOf(type),
    env: variable,
    description: sentence,
    ...(fallback !== undefined && { fallbackEnv: fallback }),
    ...(secret && { secret }),
  })
}

/** What operators read of a type, also of one that was piped or transformed afterwards. */
function wordsOf(type: z.core.$ZodType): z.core.GlobalMeta {
  const own = z.globalRegistry.get(type)
  return type instanceof z.ZodPipe ? { ...wordsOf(type.in), ...own } : { ...own }
}

export interface Declaration {
  path: string[]
  env: string
  fallbackEnv?: string | undefined
  secret: boolean
  live: boolean
  type: string
  fallback: string | undefined
  description: string
}

/** Every setting that a schema declares, in the order in which it declares them, nested groups included. */
export function declarations(schema: z.ZodType, path: string[] = []): Declaration[] {
  const object = asObject(schema)
  if (!object) return []
  return Object.entries(object.shape).flatMap(([key, field]) => {
    const at = [...path, key]
    const meta = z.globalRegistry.get(field)
    if (meta?.env === undefined) return declarations(field as z.ZodType, at)
    const {
      env: variable,
      fallbackEnv,
      secret = false,
      live = false,
      type = '',
      fallback,
      description = '',
    } = meta
    return [{ path: at, env: variable, fallbackEnv, secret, live, type, fallback, description }]
  })
}

/** The object behind refinements and transforms of a group. */
function asObject(schema: z.ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema
  return schema instanceof z.ZodPipe ? asObject(schema.in as z.ZodType) : undefined
}
