import { type FaultyLink, faultyLink, hugeAnswer, runModule } from '@ens/provider-servers'
import { type SecretsManagerServer, secretsManagerServer } from '@ens/provider-servers/aws'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { awsSecretManager } from './aws-secrets-manager.ts'
import type { SecretManager } from './secret-manager.ts'
import { type SecretFaults, secretManagerContract } from './testing/contract.ts'

const servers: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const server of servers) await server.close()
})

async function linkTo(server: SecretsManagerServer): Promise<FaultyLink> {
  const link = await faultyLink(server)
  servers.unshift(link)
  return link
}

async function started(): Promise<SecretsManagerServer> {
  const server = await secretsManagerServer()
  servers.push(server)
  return server
}

function managerAt(port: number, { region, credentials }: SecretsManagerServer): SecretManager {
  return awsSecretManager({ endpoint: `http://127.0.0.1:${port}`, region, credentials })
}

function faultsOf(server: SecretsManagerServer, link: FaultyLink): SecretFaults {
  return {
    refuse: () => server.refuse(true),
    throttle: (calls) => server.throttle(calls),
    cut: () => link.cutAnswerAfter(150),
    hang: () => link.hang(),
    mend() {
      link.mend()
      server.refuse(false)
      server.throttle(0)
    },
  }
}

secretManagerContract('of AWS', async (stored) => {
  const server = await started()
  const link = await linkTo(server)
  for (const [name, value] of Object.entries(stored)) server.store(name, value)
  return {
    manager: managerAt(link.port, server),
    add: async (name, value) => `${name}@${server.store(name, value)}`,
    binary: true,
    faults: faultsOf(server, link),
  }
})

let server: SecretsManagerServer
let manager: SecretManager
beforeAll(async () => {
  server = await started()
  manager = managerAt(server.port, server)
  server.store('plain', 'hunter2')
})
beforeEach(() => {
  server.refuse(false)
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

describe('Secrets Manager', () => {
  test('without permission it says so once, and quotes no credential', async () => {
    server.refuse(true)
    await expect(manager.get('plain')).rejects.toMatchObject({
      code: 'secret_access_denied',
      message: 'the secret plain may not be read (AccessDeniedException)',
    })
    expect(server.requests).toHaveLength(1)
  })

  test('an answer that nobody can hold is not read to its end', async () => {
    const huge = await hugeAnswer({ headers: { 'content-type': 'application/x-amz-json-1.1' } })
    servers.push(huge)
    const attempt = managerAt(huge.port, server).get('plain')
    await expect(attempt).rejects.toMatchObject({ code: 'secret_too_large', kind: 'internal' })
    expect(await huge.hungUp).toBeLessThan(20_000_000)
    expect(huge.requests()).toBe(1)
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

test('SECRET_MANAGER=AWS_SECRETS_MANAGER resolves references, and only then loads the SDK', async () => {
  const code = `
    const { env, text } = await import('@ens/config')
    const { loadConfigWithSecrets, secretsConfig } = await import('@ens/secrets')
    const { z } = await import('zod')
    const user = env('DB_USER', text('nobody'), 'User.')
    const schema = z.object({ user, secrets: secretsConfig })
    return (await loadConfigWithSecrets(schema, process.env, () => new Date())).config.user`
  const run = (variables: Record<string, string>) =>
    runModule(code, { folder: import.meta.dirname, variables })
  const inAws = await run({
    SECRET_MANAGER: 'AWS_SECRETS_MANAGER',
    DB_USER: 'secret://plain',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: server.url,
    AWS_REGION: server.region,
    AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
  })
  const inMemory = await run({ SECRET_MANAGER: 'IN_MEMORY' })
  const ofTheSdk = (url: string) => url.includes('@aws-sdk') || url.includes('@smithy')
  expect(inAws.result).toBe('hunter2')
  expect(inAws.loaded.some(ofTheSdk)).toBe(true)
  expect(inMemory.loaded.filter(ofTheSdk)).toEqual([])
})

const MISSING = { code: 'secret_not_found' }
const UNAVAILABLE = { code: 'secret_manager_unavailable' }
