import { runModule } from '@ens/provider-servers'
import { expect, test } from 'vitest'

test('who reads its settings loads nothing but them', async () => {
  const code = `return Object.keys(await import('@ens/vault/config'))`
  const { result, loaded } = await runModule(code, { folder: import.meta.dirname })
  expect(result).toEqual(['vaultConfig'])
  const own = loaded.filter((url) => url.includes('/vault/src/'))
  expect(own.map((url) => url.split('/').at(-1))).toEqual(['config.ts'])
})
