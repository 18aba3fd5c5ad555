import type { z } from 'zod'
import { type Declaration, declarations } from './env.ts'
import { configInvalid } from './errors.ts'

export type Variables = Readonly<Record<string, string | undefined>>

/**
 * Reads a whole configuration at once. Throws one `invalid_config` that names every variable that is wrong; values are
 * never quoted, since one may be a secret in the wrong place.
 */
export function loadConfig<T extends z.ZodType>(schema: T, variables: Variables): z.output<T> {
  const declared = declarations(schema)
  const result = schema.safeParse(pick(declared, variables))
  if (result.success) return result.data
  const problems = result.error.issues.map(
    ({ path, message }) => `${variableAt(declared, path)}: ${message}`,
  )
  throw configInvalid([...new Set(problems)].join('; '))
}

type Tree = { [key: string]: Tree | string }

function pick(declared: readonly Declaration[], variables: Variables): Tree {
  const root: Tree = {}
  for (const { path, env, fallbackEnv } of declared) {
    const leaf = path.at(-1) ?? ''
    const group = path.slice(0, -1).reduce(descend, root)
    const value = variables[env] ?? (fallbackEnv === undefined ? undefined : variables[fallbackEnv])
    if (value !== undefined) group[leaf] = value
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

/** The variables that a problem is about: one for a setting, all of them for a group. */
function variableAt(declared: readonly Declaration[], path: readonly PropertyKey[]): string {
  const about = declared.filter((one) => path.every((key, at) => one.path[at] === key))
  return about.length === 1 ? (about[0]?.env ?? '') : path.join('.') || 'configuration'
}
