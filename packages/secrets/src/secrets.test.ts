import { chmod, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import vectors from '../testdata/publish-secrets.json' with { type: 'json' }
import { cachingSecretManager } from './caching.ts'
import { expandingSecretManager } from './expand.ts'
import { filesystemSecretManager } from './filesystem.ts'
import { openSecretManager, resolveReferences } from './index.ts'
import { memorySecretManager } from './memory.ts'

const folder = () => mkdtemp(join(tmpdir(), 'secrets '))
const now = () => new Date('2020-06-15T12:00:00Z')

describe('every reference of the vectors', () => {
  test.each(vectors.cases)('$name: $description', async (vector) => {
    const secrets = memorySecretManager(vector.store)
    const manager = vector.secretExpansion ? expandingSecretManager(secrets) : secrets
    const resolved = resolveReferences({ SETTING: vector.value }, manager, { secretsDir: '' })
    if (vector.error)
      await expect(resolved).rejects.toMatchObject({
        code: 'invalid_secret_reference',
        message: expect.stringMatching(/^SETTING: /),
      })
    else expect(await resolved).toEqual({ SETTING: vector.expect })
  })

  test.each(vectors.fileCases)('$name: $description', async (vector) => {
    const secretsDir = join(await folder(), 'made')
    const manager = memorySecretManager({ 'my-secret1': vector.contents })
    const resolved = await resolveReferences({ [vector.env]: vector.value }, manager, {
      secretsDir,
    })
    const path = join(secretsDir, vector.fileName)
    expect(resolved).toEqual({ [vector.env]: path })
    expect(await readFile(path, 'utf8')).toBe(vector.contents)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(secretsDir)).mode & 0o777).toBe(0o700)
  })
})

test('a folder for secret files that others can look into is refused', async () => {
  const secretsDir = await folder()
  await chmod(secretsDir, 0o755)
  await expect(
    resolveReferences({ A: 'secret://s?target=file' }, memorySecretManager({ s: 'v' }), {
      secretsDir,
    }),
  ).rejects.toThrow('must have permissions 0700 (it has 0755)')
})

test('all variables that cannot be resolved are named at once, and no value is', async () => {
  const manager = expandingSecretManager(memorySecretManager({ plain: 'hunter2' }))
  const variables = { A: 'secret://nope', B: 'secret://plain', C: 'secret://plain.x' }
  const problem = await resolveReferences(variables, manager, { secretsDir: '' }).catch(String)
  expect(problem).toMatch(/A: .*; C: /)
  expect(problem).not.toContain('hunter2')
})

test('the settings of the secret manager itself are not resolved', async () => {
  const variables = { SECRETS_DIR: 'secret://x', OTHER: 'plain' }
  expect(await resolveReferences(variables, memorySecretManager(), { secretsDir: '' })).toEqual(
    variables,
  )
})

const config = {
  secretManager: 'NOOP',
  secretsDir: '',
  cacheTtlMs: 0,
  expansion: false,
  filesystemRoot: undefined,
  awsEndpoint: undefined,
} as const

test('without a secret manager a reference is refused, with the reason', async () => {
  const manager = await openSecretManager(config, now)
  await expect(resolveReferences({ DB_PASSWORD: 'secret://db' }, manager, config)).rejects.toThrow(
    'DB_PASSWORD: it refers to a secret, but SECRET_MANAGER is not set',
  )
})

describe('secrets on disk', () => {
  test('a file is a secret, and so is the greatest version in a folder', async () => {
    const root = await folder()
    await mkdir(join(root, 'system/db'), { recursive: true })
    await writeFile(join(root, 'plain'), 'one')
    await writeFile(join(root, 'system/db/100'), 'old')
    await writeFile(join(root, 'system/db/200'), 'new')
    await writeFile(join(root, 'system/db/metadata'), '{}')
    const manager = await openSecretManager(
      { ...config, secretManager: 'FILESYSTEM', filesystemRoot: root },
      now,
    )
    expect(await manager.get('plain')).toBe('one')
    expect(await manager.get('system/db')).toBe('new')
    expect(await manager.get('/system/db/100')).toBe('old')
  })

  test.each(['../outside', 'a/../../outside', '', '.', 'a//b', 'a\0b', '..'])(
    'the name %j leads nowhere',
    async (name) => {
      const root = join(await folder(), 'root')
      await mkdir(root)
      await writeFile(join(root, '../outside'), 'not yours')
      await expect(filesystemSecretManager(root).get(name)).rejects.toMatchObject({
        code: 'secret_not_found',
      })
    },
  )

  test('a missing secret and an empty folder are not found', async () => {
    const root = await folder()
    await mkdir(join(root, 'empty'))
    const manager = filesystemSecretManager(root)
    await expect(manager.get('none')).rejects.toMatchObject({ code: 'secret_not_found' })
    await expect(manager.get('empty')).rejects.toMatchObject({ code: 'secret_not_found' })
  })
})

describe('the cache', () => {
  const counted = (answer: (asked: number) => Promise<string>) => {
    let asked = 0
    let at = 0
    const cache = cachingSecretManager(
      { get: () => answer(++asked) },
      { ttlMs: 1000, now: () => new Date(at) },
    )
    return { cache, wait: (ms: number) => (at += ms) }
  }

  test('asks once for many that want one secret, and again after its time', async () => {
    const { cache, wait } = counted(async (asked) => `answer ${asked}`)
    expect(await Promise.all([cache.get('s'), cache.get('s')])).toEqual(['answer 1', 'answer 1'])
    wait(999)
    expect(await cache.get('s')).toBe('answer 1')
    wait(1)
    expect(await cache.get('s')).toBe('answer 2')
  })

  test('does not remember a failure', async () => {
    const { cache } = counted(async (asked) => {
      if (asked === 1) throw new Error('out of reach')
      return 'back'
    })
    await expect(cache.get('s')).rejects.toThrow('out of reach')
    expect(await cache.get('s')).toBe('back')
  })
})
