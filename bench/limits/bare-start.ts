import { open } from 'node:fs/promises'
import { devNull } from 'node:os'
import { freePort, startChild } from '@ens/embedded-postgres'
import { ROOT } from '../stand/runtime.ts'
import { firstReply } from '../stand/services.ts'

/** The libraries that every service stands on, and nothing of ours. */
const PROGRAM = `
const { createRequire } = require('node:module')
const of = (name) => createRequire(process.cwd() + '/packages/' + name + '/package.json')
of('database')('pg')
of('config')('zod')
const app = of('server')('fastify').fastify()
app.get('/health', async () => 'ok')
app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })`

/** How long such a server takes from its start to its first 200, in milliseconds. */
export async function bareStart(): Promise<number> {
  const port = await freePort()
  const nowhere = await open(devNull, 'w')
  const startedAt = performance.now()
  const child = startChild({
    name: 'bare server',
    command: process.execPath,
    args: ['--eval', PROGRAM],
    cwd: ROOT,
    env: { PORT: String(port) },
    signal: 'TERM',
    graceSeconds: 5,
    output: nowhere.fd,
  })
  try {
    await firstReply(port, child.ended)
    return performance.now() - startedAt
  } finally {
    await child.stop()
    await nowhere.close()
  }
}
