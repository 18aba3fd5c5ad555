import type { z } from 'zod'
import { type Declaration, declarations } from './env.ts'
import { configInvalid } from './errors.ts'
import type { CurrentText, LiveText } from './types.ts'

export type Variables = Readonly<Record<string, string | undefined>>

export interface LoadOptions {
  /** Variables that could not be read, such as references to secrets, with the reason; their settings count as wrong. */
  unreadable?: ReadonlyMap<string, string>
  /** Current values of variables that may change while the process runs, for settings of a live type. */
  live?: ReadonlyMap<string, CurrentText>
}

/**
 * Reads a whole configuration at once. Throws one `invalid_config` that names every variable that is wrong; values are
 * never quoted, since one may be a secret in the wrong place.
 */
export function loadConfig<T extends z.ZodType>(
  schema: T,
  variables: Variables,
  { unreadable = new Map(), live = new Map() }: LoadOptions = {},
): z.output<T> {
  const declared = declarations(schema)
  const result = schema.safeParse(pick(declared, variables, live))
  if (result.success && unreadable.size === 0) return result.data
  const found = (result.error?.issues ?? []).map((issue) => problem(declared, issue))
  const problems = [
    ...[...unreadable].map(([variable, reason]) => `${variable}: ${reason}`),
    ...found.filter(({ variable }) => !unreadable.has(variable)).map(({ words }) => words),
  ]
  throw configInvalid([...new Set(problems)].join('; '))
}

type Tree = { [key: string]: Tree | LiveText }

function pick(
  declared: readonly Declaration[],
  variables: Variables,
  live: ReadonlyMap<string, CurrentText>,
): Tree {
  const root: Tree = {}
  for (const { path, env, fallbackEnv } of declared) {
    const leaf = path.at(-1) ?? ''
    const group = path.slice(0, -1).reduce(descend, root)
    const value = variables[env] ?? (fallbackEnv === undefined ? undefined : variables[fallbackEnv])
    if (value !== undefined) group[leaf] = live.get(env) ?? value
  }
  return root
}

function descend(tree: Tree, key: string): Tree {
  const next = tree[key]
  if (typeof next === 'object') return next
  const made: Tree = {}
  tree[key] = made
  return made
}

/** A problem in the operators' words. One of a group as a whole names its variables itself. */
function problem(declared: readonly Declaration[], { path, message }: z.core.$ZodIssue) {
  const about = declared.find((one) => one.path.every((key, at) => path[at] === key))
  return about
    ? { variable: about.env, words: `${about.env}: ${message}` }
    : { variable: '', words: message }
}
