import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { emptyTestDatabase } from '@ens/database/testing'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

function migrateService(env: Record<string, string>) {
  return run(process.execPath, ['--conditions=@ens/source', MAIN], { env })
}

test('brings an empty database to the newest schema, and does nothing the second time', async () => {
  const db = await emptyTestDatabase()
  const { host, port, name, user, password = '' } = db.config
  const env = {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_NAME: name,
    DB_USER: user,
    ...(password && { DB_PASSWORD: password }),
    DB_SSLMODE: 'disable',
  }
  const line = async () => JSON.parse((await migrateService(env)).stdout)
  expect(await line()).toMatchObject({
    severity: 'INFO',
    service: 'migrate',
    message: 'migrated',
    applied: expect.arrayContaining(['000001_exposure']),
  })
  expect(await line()).toMatchObject({ message: 'the schema is the newest already', applied: [] })
  await db.close()
})

test('without its settings it says which are missing, and fails', async () => {
  const failed = await migrateService({}).catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 1 })
  expect(JSON.parse((failed as { stdout: string }).stdout)).toMatchObject({
    severity: 'EMERGENCY',
    message: expect.stringMatching(/DB_HOST: required.*DB_NAME: required.*DB_USER: required/),
  })
})
