import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startPostgres } from './postgres.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The superuser's URL of the database `postgres`; tests make databases of their own beside it. */
    databaseUrl: string
  }
}

/** Gives a test run a PostgreSQL: the one that TEST_DATABASE_URL names, or one of its own that forgets everything. */
// biome-ignore lint/style/noDefaultExport: vitest loads it by path
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // biome-ignore lint/style/noProcessEnv: a test run has no other entry
  const given = process.env.TEST_DATABASE_URL
  if (given) {
    project.provide('databaseUrl', given)
    return async () => {}
  }
  const directory = await mkdtemp(join(tmpdir(), 'test database '))
  await chmod(directory, 0o755) // as root, PostgreSQL runs as another user
  const postgres = await startPostgres({
    dataDirectory: join(directory, 'data'),
    logFile: join(directory, 'log'),
    port: 0,
    forgetful: true,
    settings: { max_connections: '200' },
  })
  project.provide('databaseUrl', postgres.url('postgres'))
  return async () => {
    await postgres.stop()
    await rm(directory, { recursive: true, force: true })
    await rm(postgres.dataDirectory, { recursive: true, force: true })
  }
}
