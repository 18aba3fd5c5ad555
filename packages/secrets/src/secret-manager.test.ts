import { cachingSecretManager } from './caching.ts'
import { expandingSecretManager } from './expand.ts'
import { memorySecretManager } from './memory.ts'
import { secretManagerContract } from './testing/contract.ts'

const now = () => new Date('2020-06-15T12:00:00Z')

secretManagerContract('in memory', async (stored) => memorySecretManager(stored))

secretManagerContract('behind a cache', async (stored) =>
  cachingSecretManager(memorySecretManager(stored), { ttlMs: 1000, now }),
)

secretManagerContract('that expands JSON', async (stored) =>
  expandingSecretManager(memorySecretManager(stored)),
)
