import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const WATCHER = fileURLToPath(new URL('./testing/watcher.ts', import.meta.url))

test('the death of the shell between is noticed', async () => {
  const command = '"$1" "$2" & wait $!'
  const shell = spawn('/bin/sh', ['-c', command, 'sh', process.execPath, WATCHER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: shell.stdout })[Symbol.asyncIterator]()
  expect(await lines.next()).toMatchObject({ value: 'watching' })

  shell.kill('SIGKILL')

  expect(await lines.next()).toMatchObject({ value: 'gone' })
})
