import { loadConfig } from '@ens/config'
import { authorizedApps, type Database, healthAuthorities, revisionKeys } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { type AuthorizedApp, keyToBase64, type ReportType, type SentKey } from '@ens/domain'
import { aKey, anAuthorizedApp, OCTOBER_5_NOON } from '@ens/domain/testing'
import type { KeyManager } from '@ens/keys'
import { memoryKeyManager } from '@ens/keys/testing'
import { type LogLine, recordingLogger } from '@ens/observability/testing'
import { createKeyRing, type KeyRing, type RevisionTokens, revisionTokens } from '@ens/revision'
import { type App, createApp } from '@ens/server'
import { calculateHmac, issueCertificate, signToken } from '@ens/verification'
import { freshKeyPair } from '@ens/verification/testing'
import { buildApp } from '../app.ts'
import { config } from '../config.ts'
import type { ExposureContext } from '../dependencies.ts'
import { createFirstKey } from '../revision-key-store.ts'
import { type RouteDeps, routes } from '../routes.ts'

const ISSUER = 'gov.example'
const AUDIENCE = 'exposure-notifications-service'
const KEY_VERSION = 'v1'
const AN_HOUR_MS = 3_600_000
const HMAC_KEY = Buffer.from('a secret of the phone')
const authorityKeys = freshKeyPair()

export interface TestServer {
  app: App
  db: TestDatabase
  keyManager: KeyManager
  healthAuthorityId: number
  lines: LogLine[]
  /** The clock of the service; assign to move it. */
  clock: { at: Date }
  /** Adds or replaces an app; the first server to look afterwards knows it. */
  register(app: Partial<AuthorizedApp>): Promise<AuthorizedApp>
  /** Seals and opens tokens as the service does. */
  seals: RevisionTokens
  /** What each instance is handed. */
  context: ExposureContext
  /** Another instance over the same database, with other settings. */
  another(options?: TestServerOptions): Promise<App>
  /** An instance over dependencies that a test has changed. */
  mount(deps: RouteDeps): Promise<App>
  publish(body: object, headers?: Record<string, string>): Promise<Reply>
  close(): Promise<void>
}

export interface TestServerOptions {
  variables?: Record<string, string>
  context?: Partial<ExposureContext>
}

export interface Reply {
  status: number
  headers: Record<string, unknown>
  body: PublishBody
}

interface PublishBody {
  revisionToken?: string
  insertedExposures?: number
  error?: string
  code?: string
  padding?: string
  warnings?: string[]
}

/** The whole service over a database of its own, with one authority and the app `com.example.app`, at noon of 5 October 2020. */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const db = await testDatabase()
  const { logger, lines } = await recordingLogger()
  const clock = { at: OCTOBER_5_NOON }
  const keyManager = await aKeyManager()
  const healthAuthorityId = await registerAuthority(db)
  const context = { logger, now: () => clock.at, keyManager, hasMovedClock: true }
  const open: App[] = []
  const another = async ({ variables, context: changes }: TestServerOptions = {}) => {
    const app = await buildApp(testConfig(db, variables), { ...context, ...changes })
    open.push(app)
    return app
  }
  await authorizedApps.insert(db, {
    ...anAuthorizedApp(),
    allowedHealthAuthorityIds: [healthAuthorityId],
  })
  const app = await another(options)
  const config = testConfig(db, options.variables)
  const ring = openKeyRing(db, keyManager)
  return {
    seals: revisionTokens({ ring, aad: AAD }),
    context,
    app,
    db,
    keyManager,
    healthAuthorityId,
    lines,
    clock,
    another,
    async register(changes) {
      const app = {
        ...anAuthorizedApp(),
        allowedHealthAuthorityIds: [healthAuthorityId],
        ...changes,
      }
      if (!(await authorizedApps.update(db, app))) await authorizedApps.insert(db, app)
      return app
    },
    async mount(deps) {
      const app = createApp({ server: config.server, logger, ready: () => db.ping() })
      await routes(app, deps)
      open.push(app)
      return app
    },
    publish: (body, headers) => publishTo(app, body, headers),
    async close() {
      ring.close()
      await Promise.all(open.map((app) => app.close()))
      await db.close()
    },
  }
}

export function testConfig(db: TestDatabase, variables: Record<string, string> = {}) {
  return loadConfig(config, { ...testVariables(db), ...variables })
}

/** The settings of a service over this database. */
export function testVariables({ config }: TestDatabase): Record<string, string> {
  return {
    DB_HOST: config.host,
    DB_PORT: String(config.port),
    DB_NAME: config.name,
    DB_USER: config.user,
    ...(config.password !== undefined && { DB_PASSWORD: config.password }),
    DB_SSLMODE: 'disable',
    // A machine that runs tests may be slow for reasons of its own.
    MAX_EVENT_LOOP_DELAY: '0s',
    KEY_MANAGER: 'MEMORY',
    REVISION_TOKEN_KEY_ID: TOKEN_KEY_ID,
    REVISION_TOKEN_AAD: AAD.toString('base64'),
  }
}

const TOKEN_KEY_ID = '/tokens'
const AAD = Buffer.from('test deployment')

function openKeyRing(db: Database, keyManager: KeyManager): KeyRing {
  return createKeyRing({
    load: () => revisionKeys.listAllowed(db),
    create: (key) => createFirstKey(db, key),
    keyManager,
    keyId: TOKEN_KEY_ID,
    now: () => OCTOBER_5_NOON,
    refreshMs: AN_HOUR_MS,
  })
}

async function aKeyManager(): Promise<KeyManager> {
  const keyManager = memoryKeyManager()
  const id = await keyManager.createEncryptionKey('', 'tokens')
  await keyManager.createEncryptionKeyVersion(id)
  return keyManager
}

async function registerAuthority(db: Database): Promise<number> {
  const settings = { issuer: ISSUER, audience: AUDIENCE, name: 'Example Health', enableStats: true }
  const id = await healthAuthorities.insert(db, settings)
  await healthAuthorities.insertKey(db, id, {
    version: KEY_VERSION,
    publicKey: authorityKeys.publicKeyPem,
    from: new Date('2020-01-01T00:00:00Z'),
    thru: undefined,
  })
  return id
}

export async function publishTo(
  app: App,
  body: object | string,
  headers: Record<string, string> = {},
  url = '/v1/publish',
): Promise<Reply> {
  const reply = await app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: reply.statusCode, headers: reply.headers, body: reply.json() }
}

/** The key of a day, counted back from yesterday, as a phone sends it; told apart by its number. */
export function sentKey(number: number, overrides: Partial<SentKey> = {}): SentKey {
  return {
    key: keyToBase64(aKey(number)),
    rollingStartNumber: 2_669_616 - 144 * (number % 14),
    rollingPeriod: 144,
    transmissionRisk: 0,
    ...overrides,
  }
}

export interface PublishOptions {
  reportType?: ReportType
  symptomOnsetInterval?: number
  issuedAt?: Date
  /** Whatever else is in the body, or replaces what is. */
  body?: object
}

/** A publish body with a certificate for these keys. */
export function publishBody(keys: readonly SentKey[], options: PublishOptions = {}): object {
  const { reportType = 'confirmed', issuedAt = OCTOBER_5_NOON, symptomOnsetInterval } = options
  const certificate = issueCertificate({
    issuer: ISSUER,
    audience: AUDIENCE,
    keyId: KEY_VERSION,
    privateKey: authorityKeys.privateKey,
    reportType,
    symptomOnsetInterval,
    hmac: calculateHmac(keys, HMAC_KEY),
    issuedAt,
    lifetimeMs: AN_HOUR_MS,
  })
  return {
    temporaryExposureKeys: keys,
    healthAuthorityID: 'com.example.app',
    verificationPayload: certificate,
    hmacKey: HMAC_KEY.toString('base64'),
    ...options.body,
  }
}

/** What the authority reads its statistics with. */
export function statsToken(issuedAt: Date, claims: object = {}): string {
  const iat = Math.floor(issuedAt.getTime() / 1000)
  return signToken({
    claims: { iss: ISSUER, aud: 'keyserver', iat, exp: iat + 300, ...claims },
    privateKey: authorityKeys.privateKey,
    keyId: KEY_VERSION,
  })
}
