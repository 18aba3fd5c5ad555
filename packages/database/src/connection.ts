import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import type { DatabaseConfig } from './config.ts'

/** What the driver needs to open one connection, of the pool or for itself. */
export function clientConfig(config: DatabaseConfig): pg.ClientConfig {
  return {
    host: config.host,
    port: config.port,
    database: config.name,
    user: config.user,
    password: config.password,
    ssl: tls(config),
    connectionTimeoutMillis: config.connectTimeoutSeconds * 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'exposure-notifications',
    types: { getTypeParser },
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
