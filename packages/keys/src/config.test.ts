import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@ens/config'
import { describe, expect, test } from 'vitest'
import { requireCapabilities } from './capabilities.ts'
import { keysConfig, openKeyManager } from './config.ts'
import { noopKeyManager } from './noop.ts'

describe('configuration', () => {
  test('keys on disk are found again by the next process', async () => {
    const root = join(await mkdtemp(join(tmpdir(), 'keys ')), 'root')
    const config = loadConfig(keysConfig, { KEY_MANAGER: 'FILESYSTEM', KEY_FILESYSTEM_ROOT: root })
    const key = await (await openKeyManager(config)).createSigningKey('exports', 'signer')
    const version = await (await openKeyManager(config)).createSigningKeyVersion(key)
    const { publicKey } = await (await openKeyManager(config)).signer(version)
    expect(publicKey.asymmetricKeyType).toBe('ec')
  })

  test.each([{}, { KEY_MANAGER: '' }, { KEY_MANAGER: 'filesystem' }])(
    'there is no default key manager: %j stops the start',
    (variables) => {
      expect(() => loadConfig(keysConfig, variables)).toThrow(/KEY_MANAGER/)
    },
  )
})

describe('without a key manager', () => {
  test('a service that needs keys does not start', async () => {
    const keyManager = await openKeyManager(loadConfig(keysConfig, { KEY_MANAGER: 'NOOP' }))
    expect(() => requireCapabilities(keyManager, 'sign')).toThrow(/cannot sign/)
  })

  test('one that needs keys all the same is told so at the first use', async () => {
    const attempt = noopKeyManager().signer('exports/signer/1')
    await expect(attempt).rejects.toMatchObject({ code: 'no_key_manager', kind: 'internal' })
  })

  test('a service with the keys it needs starts', async () => {
    const keyManager = await openKeyManager(loadConfig(keysConfig, { KEY_MANAGER: 'MEMORY' }))
    expect(requireCapabilities(keyManager, 'sign', 'encrypt')).toBeUndefined()
  })
})
