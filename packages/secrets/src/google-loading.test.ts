import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const open = fileURLToPath(new URL('./open.ts', import.meta.url))

/** Whether Google's library is in memory once a process of its own has opened that secret manager. */
async function loadsGoogle(secretManager: string): Promise<boolean> {
  const script = `
    const { openSecretManager } = await import(${JSON.stringify(open)})
    await openSecretManager({ secretManager: ${JSON.stringify(secretManager)}, cacheTtlMs: 0, timeoutMs: 1 }, Date)
    const { createRequire } = await import('node:module')
    const loaded = Object.keys(createRequire(import.meta.url).cache)
    console.log(loaded.some((path) => path.includes('@google-cloud')))`
  const args = ['--conditions=@ens/source', '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return stdout.trim() === 'true'
}

test.each([
  ['GOOGLE_SECRET_MANAGER', true],
  ['FILESYSTEM', false],
  ['IN_MEMORY', false],
])('with %s it is %j that Google’s library is loaded', async (secretManager, loaded) => {
  expect(await loadsGoogle(secretManager)).toBe(loaded)
})
