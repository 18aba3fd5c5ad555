import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, integer, list, optionalLiveText, text } from '@ens/config'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfigWithSecrets } from './load.ts'

const schema = z.object({
  user: env('DB_USER', text(), 'User.'),
  password: env('DB_PASSWORD', text(), 'Password.', { secret: true }),
  names: env('NAMES', list(''), 'Names.'),
  port: env('PORT', integer({ fallback: 8080 }), 'Port.'),
  project: env('PROJECT_ID', text(''), 'Project.', { fallback: 'GOOGLE_CLOUD_PROJECT' }),
})
const now = () => new Date('2020-06-15T12:00:00Z')

let place: { SECRET_MANAGER: string; SECRET_FILESYSTEM_ROOT: string }
beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'secrets '))
  await writeFile(join(root, 'user'), 'gandalf', { mode: 0o600 })
  await writeFile(join(root, 'word'), 'hunter2', { mode: 0o600 })
  place = { SECRET_MANAGER: 'FILESYSTEM', SECRET_FILESYSTEM_ROOT: root }
})

test('settings arrive with their secrets, and nothing that was secret is shown', async () => {
  const variables = {
    ...place,
    DB_USER: 'secret://user',
    DB_PASSWORD: 'secret://word',
    NAMES: 'a,secret://user',
    GOOGLE_CLOUD_PROJECT: 'secret://user',
  }
  const { config, shown } = await loadConfigWithSecrets(schema, variables, now)
  expect(config).toEqual({
    user: 'gandalf',
    password: 'hunter2',
    names: ['a', 'gandalf'],
    port: 8080,
    project: 'gandalf',
  })
  expect(shown).toEqual({
    DB_USER: '***',
    DB_PASSWORD: '***',
    NAMES: '***',
    PORT: 8080,
    PROJECT_ID: '***',
  })
})

test('everything that is wrong is said at once, secrets and settings', async () => {
  const variables = { ...place, DB_USER: 'secret://nobody', PORT: 'x', GOOGLE_CLOUD_PROJECT: 'p' }
  await expect(loadConfigWithSecrets(schema, variables, now)).rejects.toMatchObject({
    code: 'invalid_config',
    message:
      'DB_USER: there is no secret nobody; DB_PASSWORD: required, but not set; PORT: not a whole number',
  })
})

test('without a secret manager a reference is refused by the name of its variable', async () => {
  const variables = { DB_USER: 'u', DB_PASSWORD: 'secret://word', GOOGLE_CLOUD_PROJECT: 'p' }
  await expect(loadConfigWithSecrets(schema, variables, now)).rejects.toThrow(
    'DB_PASSWORD: it refers to a secret, but SECRET_MANAGER is not set',
  )
})

test('a reference in a variable of another program is none of ours', async () => {
  const variables = { DB_USER: 'u', DB_PASSWORD: 'p', PROJECT_ID: 'p', OTHERS: 'secret://theirs' }
  const { config } = await loadConfigWithSecrets(schema, variables, now)
  expect(config).toMatchObject({ user: 'u', port: 8080 })
})

describe('a setting that may change while the process runs', () => {
  const live = z.object({
    password: env('DB_PASSWORD', optionalLiveText(), 'Password.', { secret: true }),
    aad: env('REVISION_TOKEN_AAD', text(), 'AAD.', { secret: true }),
  })

  test('gives its secret as it is now, once the cache lets it go; the others stay', async () => {
    const word = join(place.SECRET_FILESYSTEM_ROOT, 'rotated')
    await writeFile(word, 'first', { mode: 0o600 })
    let at = 0
    const variables = {
      ...place,
      DB_PASSWORD: 'secret://rotated',
      REVISION_TOKEN_AAD: 'secret://rotated',
    }
    const { config, shown } = await loadConfigWithSecrets(live, variables, () => new Date(at))
    const current = () => (typeof config.password === 'function' ? config.password() : 'fixed')
    expect(await current()).toBe('first')

    await writeFile(word, 'second')
    at = 300_000 - 1
    expect(await current()).toBe('first')
    at = 300_000
    expect(await current()).toBe('second')
    expect(config.aad).toBe('first')
    expect(shown).toEqual({ DB_PASSWORD: '***', REVISION_TOKEN_AAD: '***' })
  })

  test('serves on when its secret cannot be read anew, and somebody is told', async () => {
    const word = join(place.SECRET_FILESYSTEM_ROOT, 'exposed')
    await writeFile(word, 'first', { mode: 0o600 })
    let at = 0
    const troubles: unknown[] = []
    const variables = { ...place, DB_PASSWORD: 'secret://exposed', REVISION_TOKEN_AAD: 'a' }
    const { config } = await loadConfigWithSecrets(live, variables, () => new Date(at), {
      onTrouble: (error) => troubles.push(error),
    })
    await chmod(word, 0o644)
    at = 300_000
    expect(typeof config.password === 'function' && (await config.password())).toBe('first')
    expect(troubles).toMatchObject([{ code: 'secret_permissions_too_open' }])
  })

  test('that is no reference is what it is', async () => {
    const variables = { ...place, DB_PASSWORD: 'plain', REVISION_TOKEN_AAD: 'a' }
    const { config } = await loadConfigWithSecrets(live, variables, now)
    expect(config.password).toBe('plain')
  })

  test('stops the start when its secret is missing', async () => {
    const variables = { ...place, DB_PASSWORD: 'secret://none', REVISION_TOKEN_AAD: 'a' }
    await expect(loadConfigWithSecrets(live, variables, now)).rejects.toThrow(
      'DB_PASSWORD: there is no secret none',
    )
  })
})
