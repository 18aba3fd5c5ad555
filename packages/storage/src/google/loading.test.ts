import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const config = fileURLToPath(new URL('../config.ts', import.meta.url))

/** Which of Google's libraries are in memory once a process of its own has opened that blob store. */
async function loadsGoogle(blobstore: string): Promise<string> {
  const script = `
    const { openBlobstore } = await import(${JSON.stringify(config)})
    await openBlobstore({ blobstore: ${JSON.stringify(blobstore)} })
    const { createRequire } = await import('node:module')
    const loaded = Object.keys(createRequire(import.meta.url).cache)
    // What Google's client sends its requests by; itself it is no CommonJS, and not in this cache.
    const own = ['google-auth-library', 'teeny-request']
    console.log(own.map((name) => loaded.some((path) => path.includes(name))).join())`
  const args = ['--conditions=@ens/source', '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return stdout.trim()
}

test.each([
  ['GOOGLE_CLOUD_STORAGE', 'true,true'],
  ['FILESYSTEM', 'false,false'],
  ['MEMORY', 'false,false'],
])('with %s it is %s that Google’s libraries are loaded', async (blobstore, loaded) => {
  expect(await loadsGoogle(blobstore)).toBe(loaded)
})
