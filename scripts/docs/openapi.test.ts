import { openApiDocument } from '@ens/api'
import { AppError, type ErrorMaker } from '@ens/errors'
import { statusOf } from '@ens/server'
import { expect, test } from 'vitest'
import { importAll } from './modules.ts'
import { openApiFile } from './openapi.ts'

/** Every code with the statuses that the server kit answers its declarations with, and what it means each time. */
async function declared(): Promise<Set<string>> {
  const modules = await importAll('{packages,services}/*/src/errors.ts')
  const makers = modules.flatMap(({ exported }) => Object.values(exported) as ErrorMaker[])
  return new Set(makers.map((make) => JSON.stringify([statusOf(make()), make.code, make.meaning])))
}

function documented(path: string): string[] {
  const { responses = {} } = openApiDocument().paths[path]?.post ?? {}
  return Object.entries(responses).flatMap(([status, { description }]) =>
    [...description.matchAll(/^- `(\w+)`: (.*)$/gm)].map(([, code, meaning]) =>
      JSON.stringify([Number(status), code, meaning]),
    ),
  )
}

/** What no declaration stands for: a success with a code, and a fault that nobody foresaw. */
const UNDECLARED = [/^\[200,"partial_failure"/, /^\[500,"internal_error"/]

test.each(['/v1/publish', '/v1/stats'])(
  'of %s each code is declared, has that status, and means what is said',
  async (path) => {
    const known = await declared()
    const told = documented(path).filter((one) => !UNDECLARED.some((known) => known.test(one)))
    for (const one of told) expect(known).toContain(one)
    expect(told.length).toBeGreaterThan(2)
  },
)

test('a fault that nobody foresaw is told as documented', () => {
  expect(statusOf(new AppError('internal', 'internal_error', ''))).toBe(500)
})

test('the file ends with a line end, and reads as the document', async () => {
  const file = await openApiFile()
  expect(file.endsWith('}\n')).toBe(true)
  expect(JSON.parse(file)).toEqual(openApiDocument())
})
