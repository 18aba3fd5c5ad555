import { chmod, chown, copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Postgres, startPostgres } from '@ens/embedded-postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DatabaseConfig, openDatabase, sql } from './index.ts'
import { testConfig } from './testing.ts'

const file = (name: string) => fileURLToPath(new URL(`../testdata/tls/${name}`, import.meta.url))
const NOBODY = 65_534

let folder: string
let postgres: Postgres
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tls '))
  await chmod(folder, 0o755)
  postgres = await startPostgres({
    dataDirectory: join(folder, 'data'),
    logFile: join(folder, 'log'),
    port: 0,
    forgetful: true,
    settings: {
      ssl: 'on',
      ssl_cert_file: await own('server.pem'),
      ssl_key_file: await own('server.key'),
      ssl_ca_file: await own('ca.pem'),
    },
  })
})
afterAll(async () => {
  await postgres.stop()
  await rm(folder, { recursive: true })
})

/** A copy for PostgreSQL alone: it takes no key that others can read, and run by root it is nobody, who may not get here. */
async function own(name: string): Promise<string> {
  const copy = join(folder, name)
  await copyFile(file(name), copy)
  await chmod(copy, 0o600)
  if (process.getuid?.() === 0) await chown(copy, NOBODY, NOBODY)
  return copy
}

/** Whether the connection that these settings make is encrypted, and whom the server takes us for. */
async function connectionOf(overrides: Partial<Omit<DatabaseConfig, 'password'>>) {
  const { host, port, user, password } = postgres
  const db = openDatabase(testConfig('postgres', { host, port, user, password, ...overrides }))
  try {
    const [row] = await db.query<{ ssl: boolean; client: string | null }>(sql`
      select ssl, client_dn as client from pg_stat_ssl where pid = pg_backend_pid()`)
    return row
  } finally {
    await db.close()
  }
}

test.each<[string, Partial<DatabaseConfig>, boolean]>([
  ['disable does not encrypt', { tlsMode: 'disable' }, false],
  ['require encrypts, whoever answers', { tlsMode: 'require' }, true],
  [
    'require with the right authority is content',
    { tlsMode: 'require', tlsRootCertFile: file('ca.pem') },
    true,
  ],
  [
    'verify-ca looks at the authority, not at the name',
    { tlsMode: 'verify-ca', host: '127.0.0.1', tlsRootCertFile: file('ca.pem') },
    true,
  ],
  [
    'verify-full is content with the right authority and name',
    { tlsMode: 'verify-full', host: 'localhost', tlsRootCertFile: file('ca.pem') },
    true,
  ],
])('%s', async (_, overrides, isEncrypted) => {
  expect(await connectionOf(overrides)).toEqual({ ssl: isEncrypted, client: null })
})

test('a client certificate is shown to the server', async () => {
  const client = { tlsCertFile: file('client.pem'), tlsKeyFile: file('client.key') }
  expect(await connectionOf({ tlsMode: 'require', ...client })).toEqual({
    ssl: true,
    client: '/CN=postgres',
  })
})

test.each<[string, Partial<DatabaseConfig>]>([
  ['require with another authority', { tlsMode: 'require', tlsRootCertFile: file('other-ca.pem') }],
  [
    'verify-ca with another authority',
    { tlsMode: 'verify-ca', tlsRootCertFile: file('other-ca.pem') },
  ],
  ['verify-ca without an authority', { tlsMode: 'verify-ca' }],
  [
    'verify-full with another name',
    { tlsMode: 'verify-full', host: '127.0.0.1', tlsRootCertFile: file('ca.pem') },
  ],
])('%s does not connect', async (_, overrides) => {
  await expect(connectionOf(overrides)).rejects.toMatchObject({ code: 'database_unavailable' })
})
