import { expect, test } from 'vitest'
import { memoryKeyManager } from './memory.ts'
import { keyManagerContract } from './testing/contract.ts'

keyManagerContract(
  'in memory',
  async () => ({ keyManager: memoryKeyManager(), parent: '/tests' }),
  async () => memoryKeyManager({ before: () => Promise.withResolvers<void>().promise }),
)

test('a fault of the test reaches the caller as an outage of the key manager', async () => {
  const fault = new Error('socket hang up')
  const keyManager = memoryKeyManager({
    before: (operation) => {
      if (operation === 'decrypt') throw fault
    },
  })
  await keyManager.createEncryptionKey('', 'works')
  const attempt = keyManager.decrypt('/works', Buffer.of(1), Buffer.of())
  await expect(attempt).rejects.toMatchObject({ code: 'key_manager_unavailable', cause: fault })
})
