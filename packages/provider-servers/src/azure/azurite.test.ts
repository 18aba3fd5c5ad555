import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Azurite, startAzurite } from './azurite.ts'

let azurite: Azurite | undefined
afterEach(async () => {
  await azurite?.stop()
  azurite = undefined
})

function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
  }).finally(() => socket.destroy()) as Promise<boolean>
}

test('it ends when it is asked to', async () => {
  azurite = await startAzurite()
  expect(await answers(azurite.port)).toBe(true)
  await azurite.stop()
  await azurite.stop()
  expect(await azurite.ended).toBe(0)
  expect(await answers(azurite.port)).toBe(false)
})

test('it does not outlive a starter that is killed', async () => {
  const code = `
    const { startAzurite } = await import('./azurite.ts')
    console.log((await startAzurite()).port)`
  const starter = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(starter.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  expect(await answers(port)).toBe(true)
  starter.kill('SIGKILL')
  await expect.poll(() => answers(port), { timeout: 20_000 }).toBe(false)
})

test('a port that is taken is said at once', async () => {
  azurite = await startAzurite()
  await expect(startAzurite({ port: azurite.port })).rejects.toThrow(/ended before it was up/)
})

test('a container that is there is left alone', async () => {
  azurite = await startAzurite()
  await azurite.createContainer('exports')
  await expect(azurite.createContainer('exports')).resolves.toBeUndefined()
  const missing = await fetch(`${azurite.endpoint}/exports/missing`)
  expect([missing.status, missing.headers.get('x-ms-error-code')]).toEqual([404, 'BlobNotFound'])
})
