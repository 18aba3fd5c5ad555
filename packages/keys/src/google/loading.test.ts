import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const config = fileURLToPath(new URL('../config.ts', import.meta.url))

/** Whether Google's library is in memory once a process of its own has opened that key manager. */
async function loadsGoogle(keyManager: string): Promise<boolean> {
  const script = `
    const { openKeyManager } = await import(${JSON.stringify(config)})
    await openKeyManager({ keyManager: ${JSON.stringify(keyManager)}, filesystemRoot: undefined })
    const { createRequire } = await import('node:module')
    const loaded = Object.keys(createRequire(import.meta.url).cache)
    console.log(loaded.some((path) => path.includes('@google-cloud')))`
  const args = ['--conditions=@ens/source', '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return stdout.trim() === 'true'
}

test.each([
  ['GOOGLE_CLOUD_KMS', true],
  ['NOOP', false],
  ['MEMORY', false],
])('with %s it is %j that Google’s library is loaded', async (keyManager, loaded) => {
  expect(await loadsGoogle(keyManager)).toBe(loaded)
})
