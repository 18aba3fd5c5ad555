import { type FaultyLink, faultyLink } from '@ens/provider-servers'
import { type SecretsManagerServer, secretsManagerServer } from '@ens/provider-servers/aws'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { awsSecretManager } from './aws-secrets-manager.ts'
import type { SecretManager } from './secret-manager.ts'
import { secretManagerContract } from './testing/contract.ts'

const servers: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const server of servers) await server.close()
})

async function started(): Promise<SecretsManagerServer> {
  const server = await secretsManagerServer()
  servers.push(server)
  return server
}

function managerAt(
  port: number,
  { region, credentials }: SecretsManagerServer,
  deadlineMs?: number,
): SecretManager {
  const endpoint = `http://127.0.0.1:${port}`
  return awsSecretManager({ endpoint, region, credentials, ...(deadlineMs && { deadlineMs }) })
}

secretManagerContract('of AWS', async (stored) => {
  const server = await started()
  for (const [name, value] of Object.entries(stored)) server.store(name, value)
  return managerAt(server.port, server)
})

let server: SecretsManagerServer
let link: FaultyLink
let manager: SecretManager
beforeAll(async () => {
  server = await started()
  link = await faultyLink(server)
  servers.unshift(link)
  manager = managerAt(link.port, server)
  server.store('plain', 'hunter2')
})
beforeEach(() => {
  link.mend()
  server.refuse(false)
  server.throttle(0)
  server.requests.length = 0
})

describe('a secret of AWS', () => {
  test('is the current version, unless a version or a stage is named', async () => {
    const first = server.store('db/password', 'one')
    const second = server.store('db/password', 'two')
    expect(await manager.get('db/password')).toBe('two')
    expect(await manager.get(`db/password@${first}`)).toBe('one')
    expect(await manager.get('db/password#AWSPREVIOUS')).toBe('one')
    expect(await manager.get(`db/password@${second}#AWSCURRENT`)).toBe('two')
    await expect(manager.get(`db/password@${first}#AWSCURRENT`)).rejects.toMatchObject(MISSING)
  })

  test('is found by its ARN, with a version too', async () => {
    const first = server.store('by-arn', 'one')
    server.store('by-arn', 'two')
    const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:by-arn'
    expect(await manager.get(arn)).toBe('two')
    expect(await manager.get(`${arn}@${first}`)).toBe('one')
  })

  test('may have an @ in its name', async () => {
    server.store('app@example.org', 'of the app')
    expect(await manager.get('app@example.org')).toBe('of the app')
  })

  test('of bytes is their text, a byte order mark included', async () => {
    server.store('of-bytes', Buffer.from('\uFEFFGrüße'))
    expect(await manager.get('of-bytes')).toBe('\uFEFFGrüße')
  })

  test('of bytes that are no text is refused, and not shown', async () => {
    server.store('no-text', Buffer.of(0xff, 0x41, 0x42))
    await expect(manager.get('no-text')).rejects.toMatchObject({
      code: 'invalid_secret_reference',
      message: 'the secret no-text holds bytes that are no UTF-8 text',
    })
  })

  test('that is marked for deletion is gone', async () => {
    server.store('doomed', 'x')
    server.scheduleDeletion('doomed')
    await expect(manager.get('doomed')).rejects.toMatchObject(MISSING)
  })

  test.each(['with blank', '#AWSCURRENT', 'a#b#c', 'ü', `x${'y'.repeat(2100)}`])(
    'cannot be called %j, and AWS is not asked',
    async (name) => {
      await expect(manager.get(name)).rejects.toMatchObject(MISSING)
      expect(server.requests).toEqual([])
    },
  )
})

describe('Secrets Manager that fails', () => {
  test('what it turns away as too much is asked for again', async () => {
    server.throttle(1)
    expect(await manager.get('plain')).toBe('hunter2')
    expect(server.requests).toHaveLength(2)
  })

  test('what it turns away again and again ends by the deadline', async () => {
    server.throttle(Number.POSITIVE_INFINITY)
    const hurried = managerAt(link.port, server, 200)
    await expect(hurried.get('plain')).rejects.toMatchObject(UNAVAILABLE)
  })

  test('a server that hangs keeps nobody waiting past the deadline', async () => {
    link.hang()
    const hurried = managerAt(link.port, server, 100)
    await expect(hurried.get('plain')).rejects.toMatchObject(UNAVAILABLE)
  })

  test('without permission it says so once, and quotes no credential', async () => {
    server.refuse(true)
    await expect(manager.get('plain')).rejects.toMatchObject({
      ...MISSING,
      message: 'the secret plain may not be read (AccessDeniedException)',
    })
    expect(server.requests).toHaveLength(1)
  })

  test('an answer that is cut midway is asked for again', async () => {
    link.cutAnswerAfter(150)
    expect(await manager.get('plain')).toBe('hunter2')
  })

  test('a server that is not there is an outage', async () => {
    const gone = await secretsManagerServer()
    await gone.close()
    await expect(managerAt(gone.port, server).get('plain')).rejects.toMatchObject({
      ...UNAVAILABLE,
      cause: { reason: 'ECONNREFUSED' },
    })
  })
})

const MISSING = { code: 'secret_not_found' }
const UNAVAILABLE = { code: 'secret_manager_unavailable' }
