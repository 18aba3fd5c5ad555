import { basename, dirname } from 'node:path'
import { importAll, row } from './modules.ts'

const INTRODUCTION = `# Errors

Written by \`npx -y pnpm@12 run docs\` from the declarations in every \`errors.ts\`; do not edit.

A failure that someone must tell apart has a code; codes never change. The kind decides the HTTP status (where an API
answers with another, the row says so), the level of the log line, and whether trying again can help:

| Kind | HTTP status | Log level | Worth a retry |
| --- | --- | --- | --- |
| invalid | 400 | info | no |
| unauthenticated | 401 | info | no |
| forbidden | 403 | info | no |
| not-found | 404 | info | no |
| conflict | 409 | info | no |
| unavailable | 503 | warn | yes |
| internal | 500 | error | yes |

Clients should look at the code, never at the text of an error: texts may change.
`

interface Declared {
  kind: string
  code: string
  meaning: string
  status?: number
  owner: string
}

/** Every error code there is, with what it means and who throws it. */
export async function errorsPage(): Promise<string> {
  const modules = await importAll('{packages,services}/*/src/errors.ts')
  const declared = modules.flatMap(({ path, exported }) =>
    Object.entries(exported).map(([name, maker]) => declaration(path, name, maker)),
  )
  declared.sort((a, b) => compare(a.code, b.code) || (a.status ?? 0) - (b.status ?? 0))
  refuseTwoMeanings(declared)
  return [
    INTRODUCTION,
    row('Code', 'Kind', 'Thrown by', 'What it means'),
    row('---', '---', '---', '---'),
    ...declared.map(errorRow),
    '',
  ].join('\n')
}

function declaration(path: string, name: string, maker: unknown): Declared {
  const error = maker as Partial<Declared>
  if (!error.kind || !error.code || !error.meaning)
    throw new Error(`${path} exports ${name}, which is not made by defineError`)
  const { kind, code, meaning, status } = error
  return { kind, code, meaning, owner: owner(path), ...(status !== undefined && { status }) }
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))

const owner = (path: string) => basename(dirname(dirname(path)))

function errorRow({ kind, code, meaning, status, owner }: Declared): string {
  return row(`\`${code}\``, status ? `${kind} (${status})` : kind, owner, meaning)
}

/** A code means one thing: an API may answer with it in several ways (a bad request is 400, 413 or 415), two packages only in one. */
function refuseTwoMeanings(declared: Declared[]): void {
  for (const [index, { code, kind, owner }] of declared.entries()) {
    const next = declared[index + 1]
    if (next?.code === code && next.owner !== owner && next.kind !== kind)
      throw new Error(`${code} is ${kind} in ${owner} and ${next.kind} in ${next.owner}`)
  }
}
