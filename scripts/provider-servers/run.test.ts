import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { run } from './run.ts'

/** Whoever is connected is alive: the programs of these tests hold a connection as long as they are, and end with it. */
const server = createServer()
const connections = new Set<Socket>()
server.on('connection', (socket) => {
  connections.add(socket)
  socket.on('error', () => {}) // `close` follows
  socket.on('close', () => connections.delete(socket))
})
let port: number
beforeEach(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterEach(async () => {
  for (const socket of connections) socket.destroy()
  await once(server.close(), 'close')
})

const ALIVE = `require('node:net').connect(process.argv[1], '127.0.0.1').on('close', () => process.exit())`
/** A program with a child of its own, as a server with a worker. */
const FAMILY = `require('node:child_process').spawn(process.execPath, ['-e', process.argv[2], process.argv[1]]); ${ALIVE}`

/** A process that starts the family, as `provider-servers.ts` starts servers. */
function starter(): ChildProcess {
  const { href } = new URL('./run.ts', import.meta.url)
  const code = `
    const { start } = await import(${JSON.stringify(href)})
    const [, port, family, alive] = process.argv
    start(process.execPath, ['-e', family, port, alive], { output: 'ignore' })
    setInterval(() => {}, 60_000)`
  const args = ['--input-type=module', '--eval', code, String(port), FAMILY, ALIVE]
  return spawn(process.execPath, args, { stdio: 'ignore' })
}

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'what was started ends with its starter by %s, and so do its children',
  async (signal) => {
    const process = starter()
    await expect.poll(() => connections.size, { timeout: 20_000 }).toBe(2)
    process.kill(signal)
    await expect.poll(() => connections.size, { timeout: 20_000 }).toBe(0)
  },
)

test('a program is run to its end, and fails with what it said last', async () => {
  const signal = AbortSignal.timeout(20_000)
  const say = (code: number) => ['-c', `echo 'the reason' >&2; exit ${code}`]
  await expect(run('/bin/sh', say(0), signal)).resolves.toBeUndefined()
  await expect(run('/bin/sh', say(3), signal)).rejects.toThrow('the reason')
  await expect(run('/no/such/program', [], signal)).rejects.toThrow('/no/such/program')
})

test('a program that takes too long is ended with its children', async () => {
  const given = new AbortController()
  const running = run(process.execPath, ['-e', FAMILY, String(port), ALIVE], given.signal)
  await expect.poll(() => connections.size, { timeout: 20_000 }).toBe(2)
  given.abort(new Error('too long'))
  await expect(running).rejects.toThrow('too long')
  await expect.poll(() => connections.size).toBe(0)
})
