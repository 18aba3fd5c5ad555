import { duration, env, flag, integer } from '@ens/config'
import { databaseConfig } from '@ens/database/config'
import { observabilityConfig } from '@ens/observability'
import { serverConfig } from '@ens/server/config'
import { z } from 'zod'

const MOST_BYTES = 16 * 1024 * 1024

export const jwksSettings = z.object({
  maxRuntimeMs: env(
    'MAX_RUNTIME',
    duration('10m').refine((ms) => ms > 0, 'must be more than 0'),
    'Longest that one run may take; authorities that were not reached by then wait for the next.',
  ),
  requestTimeoutMs: env(
    'REQUEST_TIMEOUT',
    duration('30s').refine((ms) => ms > 0, 'must be more than 0'),
    'Longest that fetching the keys of one authority may take, with all redirects.',
  ),
  keyCleanupTtlMs: env(
    'HEALTH_AUTHORITY_KEY_CLEANUP_TTL',
    // The reference server takes the time without its sign.
    duration('720h').transform(Math.abs),
    'A key that ended longer ago, and that its authority no longer lists, is deleted.',
  ),
  maxWorkers: env(
    'MAX_WORKERS',
    integer({ min: 1, max: 100, fallback: 5 }),
    'So many authorities are fetched at the same time.',
  ),
  maxBytes: env(
    'JWKS_MAX_BYTES',
    integer({ min: 1, max: MOST_BYTES, fallback: 262_144 }),
    'A longer document is refused.',
  ),
  allowsPrivateAddresses: env(
    'JWKS_ALLOW_PRIVATE_ADDRESSES',
    flag(false),
    'Whether keys may be fetched from loopback, link-local and private addresses. Off, an issuer’s address cannot be used to reach what only this service can.',
  ),
})

export type JwksSettings = z.output<typeof jwksSettings>

export const config = z.object({
  server: serverConfig,
  observability: observabilityConfig,
  database: databaseConfig,
  jwks: jwksSettings,
})

export type Config = z.output<typeof config>
