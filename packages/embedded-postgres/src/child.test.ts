import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Child, startChild } from './child.ts'
import { commandLineOf } from './processes.ts'
import { childrenOf } from './testing/children.ts'

let home: string
let log: number

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'child '))
})

beforeEach(() => {
  log = openSync(join(home, 'log'), 'w')
  return () => closeSync(log)
})

afterAll(() => rmSync(home, { recursive: true }))

const start = (command: string, args: readonly string[], graceSeconds: number) =>
  startChild({ name: 'a test', command, args, signal: 'TERM', graceSeconds, output: log })

const shell = (script: string, graceSeconds = 10) => start('/bin/sh', ['-c', script], graceSeconds)

/** A shell that meets TERM as told, once it is prepared to. */
async function prepared(onTerm: string, graceSeconds: number): Promise<Child> {
  const child = shell(
    `trap "${onTerm}" TERM; echo prepared; while :; do sleep 0.05; done`,
    graceSeconds,
  )
  await expect.poll(() => readFileSync(join(home, 'log'), 'utf8')).toContain('prepared')
  return child
}

test('a child that ends by itself tells how', async () => {
  expect(await shell('exit 7').ended).toEqual({ code: 7 })
})

test('a program that is not there ends like one that was not found', async () => {
  expect(await start('/no/such/program', [], 10).ended).toEqual({ code: 127 })
})

test('a child is asked to end and does so in its own way', async () => {
  const child = await prepared('exit 3', 10)
  await child.stop()
  expect(await child.ended).toEqual({ code: 3 })
})

test('a child that does not listen is ended after the grace', async () => {
  const child = await prepared('', 0)
  await child.stop()
  expect(await child.ended).toEqual({ code: 137 })
})

test('a child whose watcher was killed is ended all the same', async () => {
  const child = await prepared('', 0)
  const [guard = 0] = childrenOf(process.pid).filter((pid) => commandLineOf(pid).includes('a test'))
  for (const pid of childrenOf(guard))
    if (commandLineOf(pid) === commandLineOf(guard)) process.kill(pid, 'SIGKILL')

  await child.stop()
  expect(childrenOf(guard)).toEqual([])
  expect(commandLineOf(guard)).toBe('')
})

test('stopping twice, or what has ended, is no error', async () => {
  const child = shell('exit 0')
  await child.ended
  await child.stop()
  await child.stop()
  expect(await child.ended).toEqual({ code: 0 })
})
