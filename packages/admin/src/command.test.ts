import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { emptyTestDatabase, type TestDatabase } from '@ens/database/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

let db: TestDatabase
let env: Record<string, string>
let folder: string
beforeAll(async () => {
  db = await emptyTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'admin '))
  const { host, port, name, user, password = '' } = db.config
  env = {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_NAME: name,
    DB_USER: user,
    ...(password && { DB_PASSWORD: password }),
    DB_SSLMODE: 'disable',
    KEY_MANAGER: 'FILESYSTEM',
    KEY_FILESYSTEM_ROOT: join(folder, 'keys'),
  }
})
afterAll(() => db.close())

const admin = (words: string[], variables: Record<string, string> = env) =>
  run(process.execPath, ['--conditions=@ens/source', MAIN, ...words], { env: variables })

/** What the command printed as JSON. */
async function result(...words: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await admin(['--json', ...words])
  return JSON.parse(stdout)
}

/** How the command failed: its status, and what it said. */
async function failure(words: string[], variables?: Record<string, string>) {
  const { code, stderr } = await admin(words, variables).then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: number; stderr: string }) => error,
  )
  return { code, stderr }
}

test('a stranger sets up a whole server with the command alone', async () => {
  const pemFile = join(folder, 'authority.pem')
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(pemFile, publicKey.export({ type: 'spki', format: 'pem' }))

  const { applied } = await result('migrate')
  expect(applied).toContain('000001_exposure')
  await result('key', 'create-encryption', 'system/revision')
  const { versionId } = await result('key', 'create-signing', 'system/export')
  const signer = ['--key-id', '310', '--key-version', 'v1']
  const info = await result(
    ...['signature-info', 'create', '--signing-key', String(versionId), ...signer],
  )
  const authority = await result(
    ...['health-authority', 'create', '--issuer', 'gov.example', '--audience', 'server'],
    ...['--name', 'Example'],
  )
  const key = ['--version', 'v1', '--public-key', pemFile]
  await result('health-authority', 'add-key', String(authority.id), ...key)
  const regions = ['--region', 'mx', '--region', 'US']
  await result(...['app', 'create', '--name', 'Gov.App', ...regions, '--health-authority', '1'])
  const place = ['--bucket', 'exports', '--filename-root', 'mx', '--period', '4h']
  const config = await result(
    ...['export-config', 'create', ...place, '--output-region', 'MX'],
    ...['--signature-info', String(info.id)],
  )

  expect(await result('app', 'list')).toEqual([
    expect.objectContaining({ name: 'gov.app', allowedRegions: ['MX', 'US'] }),
  ])
  expect(await result('export-config', 'list')).toEqual([
    expect.objectContaining({ id: config.id, periodSeconds: 14_400, signatureInfoIds: [info.id] }),
  ])
  const { stdout } = await admin(['signature-info', 'public-key', '1'])
  expect(stdout).toMatch(/^keyId: 310\nkeyVersion: v1\n-----BEGIN PUBLIC KEY-----\n/)

  const rotated = await result(
    ...['signature-info', 'rotate', '1', '--key', 'system/export', '--key-version', 'v2'],
  )
  expect(rotated).toMatchObject({ configIds: [config.id] })
  await result('app', 'update', 'gov.app', '--region', 'CA')
  await result('export-config', 'end', '1', '--at', '2030-01-01')
  expect(await result('health-authority', 'show', '1')).toMatchObject({
    keys: [expect.objectContaining({ version: 'v1' })],
  })
  await result('app', 'delete', 'gov.app')
  expect((await admin(['app', 'list'])).stdout).toBe('(none)\n')
}, 60_000)

describe('what goes wrong is said in a line, with status 1', () => {
  test.each([
    ['an option that is missing', ['app', 'create'], /required option '--name/],
    ['a command that is none', ['aap'], /unknown command 'aap'/],
    ['a bad instant', ['export-config', 'end', '1', '--at', 'soon'], /write 2026-11-22/],
    ['a bad id', ['export-config', 'end', 'x'], /an id is a whole number/],
    [
      'a key that is not there',
      [
        'signature-info',
        'create',
        '--signing-key',
        'none/1',
        '--key-id',
        'a',
        '--key-version',
        'b',
      ],
      /\(key_not_found\)/,
    ],
  ])('%s', async (_, words, said) => {
    const { code, stderr } = await failure(words)
    expect(code).toBe(1)
    expect(stderr).toMatch(said)
    expect(stderr).not.toMatch(/ at .*\.ts:/)
  })

  test('settings that are missing, all at once', async () => {
    const { code, stderr } = await failure(['app', 'list'], {})
    expect(code).toBe(1)
    expect(stderr).toMatch(/DB_HOST: required.*DB_NAME: required.*DB_USER: required/)
  })

  test('a database that is out of reach', async () => {
    const { stderr } = await failure(['app', 'list'], { ...env, DB_PORT: '1' })
    expect(stderr).toMatch(/\(database_unavailable\)/)
  })
})
