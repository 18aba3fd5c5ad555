import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '@ens/config'
import { authorizedApps, healthAuthorities, migrate, openDatabase } from '@ens/database'
import { databaseConfig } from '@ens/database/config'
import { intervalNumber, type SentKey } from '@ens/domain'
import { freePort, startChild, startPostgres } from '@ens/embedded-postgres'
import { openKeyManager } from '@ens/keys'
import { calculateHmac, issueCertificate } from '@ens/verification'

const KEYS = 14
const HMAC_KEY = randomBytes(16)
const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })

export interface ExposureUnderTest {
  port: number
  /** Bodies of publishes of 14 new keys each, made beforehand so that making them does not slow the measurement. */
  makeBodies(count: number): Buffer[]
  /** Starts the service anew; `databasePort` leads to the same database. */
  restart(databasePort?: number): Promise<void>
  databasePort: number
  stop(): Promise<void>
}

/** The exposure service as a process of its own, over an embedded PostgreSQL that writes to disk. */
export async function startExposure(): Promise<ExposureUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'exposure-bench-'))
  const postgres = await startPostgres({
    dataDirectory: join(folder, 'data'),
    logFile: join(folder, 'postgres.log'),
    port: 0,
  })
  const variables = {
    DB_HOST: postgres.host,
    DB_PORT: String(postgres.port),
    DB_NAME: 'postgres',
    DB_USER: postgres.user,
    DB_PASSWORD: postgres.password,
    DB_SSLMODE: 'disable',
  }
  const config = loadConfig(databaseConfig, variables)
  await migrate(config)
  await configure(openDatabase(config))
  const keyRoot = join(folder, 'keys')
  const keys = await openKeyManager({ keyManager: 'FILESYSTEM', filesystemRoot: keyRoot })
  const keyId = await keys.createEncryptionKey('tokens', 'revision')
  await keys.createEncryptionKeyVersion(keyId)
  const port = await freePort()
  const environment = {
    ...variables,
    PORT: String(port),
    HOST: '127.0.0.1',
    KEY_MANAGER: 'FILESYSTEM',
    KEY_FILESYSTEM_ROOT: keyRoot,
    REVISION_TOKEN_KEY_ID: keyId,
    REVISION_TOKEN_AAD: 'YmVuY2g=',
    LOG_LEVEL: 'WARNING',
  }
  const log = await open(join(folder, 'exposure.log'), 'a')
  const launch = (databasePort: number) =>
    startChild({
      name: 'exposure',
      command: process.execPath,
      args: [
        ...process.execArgv,
        fileURLToPath(new URL('../../services/exposure/src/main.ts', import.meta.url)),
      ],
      env: { ...environment, DB_PORT: String(databasePort) },
      signal: 'TERM',
      graceSeconds: 10,
      output: log.fd,
    })
  let child = launch(postgres.port)
  await healthy(port)
  return {
    port,
    databasePort: postgres.port,
    makeBodies: (count) => Array.from({ length: count }, publishBody),
    async restart(databasePort = postgres.port) {
      await child.stop()
      child = launch(databasePort)
      await healthy(port)
    },
    async stop() {
      await child.stop()
      await postgres.stop()
      await log.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function configure(db: ReturnType<typeof openDatabase>): Promise<void> {
  const id = await healthAuthorities.insert(db, {
    issuer: 'bench',
    audience: 'bench',
    name: 'Bench',
    enableStats: true,
  })
  await healthAuthorities.insertKey(db, id, {
    version: 'v1',
    publicKey: authority.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    from: new Date(0),
    thru: undefined,
  })
  await authorizedApps.insert(db, {
    name: 'bench',
    allowedRegions: ['US'],
    allowedHealthAuthorityIds: [id],
    bypassHealthAuthorityVerification: false,
    bypassRevisionToken: false,
  })
  await db.close()
}

function publishBody(): Buffer {
  const today = Math.floor(intervalNumber(new Date()) / 144) * 144
  const keys: SentKey[] = Array.from({ length: KEYS }, (_, day) => ({
    key: randomBytes(16).toString('base64'),
    rollingStartNumber: today - (day + 1) * 144,
    rollingPeriod: 144,
    transmissionRisk: 0,
  }))
  const certificate = issueCertificate({
    issuer: 'bench',
    audience: 'bench',
    keyId: 'v1',
    privateKey: authority.privateKey,
    reportType: 'confirmed',
    symptomOnsetInterval: today - 4 * 144,
    hmac: calculateHmac(keys, HMAC_KEY),
    issuedAt: new Date(),
    lifetimeMs: 3_600_000,
  })
  return Buffer.from(
    JSON.stringify({
      temporaryExposureKeys: keys,
      healthAuthorityID: 'bench',
      verificationPayload: certificate,
      hmacKey: HMAC_KEY.toString('base64'),
      padding: randomBytes(900).toString('base64'),
    }),
  )
}

async function healthy(port: number): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const reply = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)
    if (reply?.ok) return
    await pause(50)
  }
  throw new Error('the exposure service does not answer')
}
