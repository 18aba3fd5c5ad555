import { chmod, mkdtemp, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import vectors from '../testdata/publish-secrets.json' with { type: 'json' }
import { expandingSecretManager } from './expand.ts'
import { guardedSecretManager } from './guard.ts'
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
  cacheStaleMs: 0,
  timeoutMs: 1000,
  expansion: false,
  filesystemRoot: undefined,
} as const

test('without a secret manager a reference is refused, with the reason', async () => {
  const manager = await openSecretManager(config, now)
  await expect(resolveReferences({ DB_PASSWORD: 'secret://db' }, manager, config)).rejects.toThrow(
    'DB_PASSWORD: it refers to a secret, but SECRET_MANAGER is not set',
  )
})

describe('a secret that is no text', () => {
  const manager = memorySecretManager({ der: Buffer.from([0x30, 0xff]) })

  test('is written to a file as it is', async () => {
    const options = { secretsDir: await folder() }
    const given = { CERT: 'secret://der?target=file' }
    const { CERT = '' } = await resolveReferences(given, manager, options)
    expect(await readFile(CERT)).toEqual(Buffer.from([0x30, 0xff]))
  })

  test('is no setting, nor JSON', async () => {
    const resolved = resolveReferences({ A: 'secret://der' }, manager, { secretsDir: '' })
    await expect(resolved).rejects.toThrow('A: the secret der is not UTF-8 text')
    const expanded = expandingSecretManager(manager).get('der.a')
    await expect(expanded).rejects.toMatchObject({ code: 'secret_not_text' })
  })
})

test('a provider that hangs ends the start in time, and says so', async () => {
  const provider = { get: () => Promise.withResolvers<string>().promise }
  const resolved = resolveReferences({ A: 'secret://x' }, guardedSecretManager(provider, 10), {
    secretsDir: '',
  })
  await expect(resolved).rejects.toThrow('A: the secret manager did not answer in time')
})

test('an error of the provider is told by its code, not in its words', async () => {
  const cause = new Error('token hvs.CAES is not valid')
  const provider = { get: () => Promise.reject(cause) }
  const attempt = guardedSecretManager(provider, 1000).get('x')
  const message = expect.not.stringContaining('hvs')
  await expect(attempt).rejects.toMatchObject({
    code: 'secret_manager_unavailable',
    cause,
    message,
  })
})
