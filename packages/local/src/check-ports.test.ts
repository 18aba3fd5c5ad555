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
  await expect(checkPorts(ports, 0)).rejects.toMatchObject({
    code: 'local_port_taken',
    message: [
      `port ${taken} is taken: does the fleet run already? If not, free it, or choose another with CDN_PORT=…`,
      `port ${free} is wanted by both EXPORT_PORT and EXPOSURE_PORT`,
    ].join('\n'),
  })
  server.close()
})

test('a program that listens on every address takes the port too', async () => {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }

  await expect(checkPorts({ CDN_PORT: port }, 0)).rejects.toThrow(`port ${port} is taken`)
  server.close()
})

test('a port that its former holder is letting go of is waited for', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const checked = checkPorts({ CDN_PORT: port })
  server.close()

  await expect(checked).resolves.toBeUndefined()
})
