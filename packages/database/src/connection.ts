import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import type { DatabaseConfig } from './config.ts'
import { databaseUnavailable } from './errors.ts'

/** What the driver needs to open one connection, of the pool or for itself. */
export function clientConfig(config: DatabaseConfig): pg.ClientConfig {
  return {
    host: config.host,
    port: config.port,
    database: config.name,
    user: config.user,
    password: passwordOf(config).value,
    ssl: tls(config),
    connectionTimeoutMillis: config.connectTimeoutSeconds * 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'exposure-notifications',
    types: { getTypeParser },
  }
}

/**
 * A client of the pool that hangs up when it could not connect. The driver would leave the socket open, and the server wait
 * a minute for a password that does not come. When its connection breaks while it is lent and idle, the next statement tells.
 */
export class PoolClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config)
    // Without a listener that would end the process.
    this.on('error', () => {})
  }

  override connect(): Promise<pg.Client>
  override connect(callback: (error: Error) => void): void
  override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
    if (!callback) return super.connect()
    super.connect((error: Error) => {
      callback(error)
      if (error) this.end().catch(() => {}) // it is as good as ended
    })
    return undefined
  }
}

/** Longest that a password which the server has refused counts as the current one. */
const DOUBTED_AGE_MS = 5000
const WRONG_PASSWORD = '28P01'

export interface Password {
  /** For the driver: each new connection asks for a password that may change. */
  value: pg.ClientConfig['password']
  /** To be told of each failure to connect: after a refusal the password is read anew, as it may have been replaced. */
  noteFailure(error: unknown): void
}

export function passwordOf({ password: given }: Pick<DatabaseConfig, 'password'>): Password {
  if (typeof given !== 'function') return { value: given, noteFailure: () => {} }
  let refused = false
  return {
    async value() {
      const options = refused ? { maxAgeMs: DOUBTED_AGE_MS } : {}
      refused = false
      try {
        return await given(options)
      } catch (cause) {
        throw databaseUnavailable('the password of the database cannot be read', { cause })
      }
    },
    noteFailure(error) {
      refused ||= error instanceof pg.DatabaseError && error.code === WRONG_PASSWORD
    },
  }
}

/** TLS as libpq understands its modes; a check of the chain without the name for `verify-ca`. */
function tls(config: DatabaseConfig): boolean | ConnectionOptions {
  if (config.tlsMode === 'disable') return false
  const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file))
  const ca = read(config.tlsRootCertFile)
  const options: ConnectionOptions = {
    ...(ca && { ca }),
    ...(config.tlsCertFile && { cert: read(config.tlsCertFile), key: read(config.tlsKeyFile) }),
    rejectUnauthorized: config.tlsMode !== 'require' || ca !== undefined,
  }
  if (config.tlsMode === 'verify-full') return options
  return { ...options, checkServerIdentity: () => undefined }
}

const BIGINT = 20

/** Ids and counts fit a number; one that does not is refused rather than rounded. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === BIGINT && format !== 'binary') return parseBigint
  return pg.types.getTypeParser(oid, format)
}

function parseBigint(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('a bigint of the database is too large')
  return value
}
