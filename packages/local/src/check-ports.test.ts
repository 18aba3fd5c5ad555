import { once } from 'node:events'
import { createServer } from 'node:net'
import { freePort } from '@ens/embedded-postgres'
import { expect, test } from 'vitest'
import { checkPorts } from './check-ports.ts'

test('ports that are free and different are fine', async () => {
  const ports = { CDN_PORT: await freePort(), EXPORT_PORT: await freePort() }
  await expect(checkPorts(ports)).resolves.toBeUndefined()
})

test('every port that is not to be had is named with its variable', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: taken } = server.address() as { port: number }
  const free = await freePort()

  const ports = { CDN_PORT: taken, EXPORT_PORT: free, EXPOSURE_PORT: free }
  await expect(checkPorts(ports)).rejects.toMatchObject({
    code: 'local_port_taken',
    message: [
      `port ${taken} is taken by another program; free it, or choose another with CDN_PORT=…`,
      `port ${free} is wanted by both EXPORT_PORT and EXPOSURE_PORT`,
    ].join('\n'),
  })
  server.close()
})

test('a program that listens on every address takes the port too', async () => {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }

  await expect(checkPorts({ CDN_PORT: port })).rejects.toThrow(`port ${port} is taken`)
  server.close()
})
