import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cachingSecretManager } from './caching.ts'
import { expandingSecretManager } from './expand.ts'
import { filesystemSecretManager } from './filesystem.ts'
import { memorySecretManager } from './memory.ts'
import { secretManagerContract } from './testing/contract.ts'

type Stored = Readonly<Record<string, string>>

async function folderOf(stored: Stored): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'secrets '))
  for (const [name, value] of Object.entries(stored)) await writeFile(join(root, name), value)
  return root
}

const now = () => new Date('2020-06-15T12:00:00Z')

secretManagerContract('in memory', async (stored) => memorySecretManager(stored))

secretManagerContract('on disk', async (stored) => filesystemSecretManager(await folderOf(stored)))

secretManagerContract('behind a cache', async (stored) =>
  cachingSecretManager(memorySecretManager(stored), { ttlMs: 1000, now }),
)

secretManagerContract('that expands JSON', async (stored) =>
  expandingSecretManager(memorySecretManager(stored)),
)
