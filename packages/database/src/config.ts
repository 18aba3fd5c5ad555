import {
  choice,
  duration,
  env,
  flag,
  integer,
  optionalLiveText,
  optionalText,
  text,
} from '@ens/config'
import { z } from 'zod'

export * from './retention.ts'

const TLS_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const

/** How to reach PostgreSQL. Variables are those of the reference server. */
export const databaseConfig = z
  .object({
    host: env('DB_HOST', text(), 'Host of the PostgreSQL server.'),
    port: env('DB_PORT', integer({ min: 1, max: 65_535, fallback: 5432 }), 'Its port.'),
    name: env('DB_NAME', text(), 'Name of the database.'),
    user: env('DB_USER', text(), 'User to connect as.'),
    password: env(
      'DB_PASSWORD',
      optionalLiveText(),
      'Its password. With a reference to a secret each new connection takes the current one.',
      { secret: true },
    ),
    tlsMode: env(
      'DB_SSLMODE',
      choice(TLS_MODES, 'require'),
      '`require` encrypts without checking who answers (with DB_SSLROOTCERT it checks the chain, as libpq does); `verify-full` is what production should use. `allow` and `prefer` of libpq are refused: they fall back to plain text.',
    ),
    tlsCertFile: env('DB_SSLCERT', optionalText(), 'File of the client certificate (PEM).'),
    tlsKeyFile: env('DB_SSLKEY', optionalText(), 'File of its private key (PEM).'),
    tlsRootCertFile: env(
      'DB_SSLROOTCERT',
      optionalText(),
      'File of the certificate authorities that the server is checked against (PEM).',
    ),
    connectTimeoutSeconds: env(
      'DB_CONNECT_TIMEOUT',
      integer({ min: 0, fallback: 5 }),
      'Seconds to wait for a connection, or for a free one of the pool; 0 waits for ever.',
    ),
    poolMin: env(
      'DB_POOL_MIN_CONNS',
      integer({ min: 0, fallback: 0 }),
      'Connections that stay open when idle.',
    ),
    poolMax: env(
      'DB_POOL_MAX_CONNS',
      integer({ min: 1, fallback: 10 }),
      'Most connections one instance opens.',
    ),
    connectionLifetimeMs: env(
      'DB_POOL_MAX_CONN_LIFETIME',
      duration('5m'),
      'A connection is replaced after this long.',
    ),
    connectionIdleMs: env(
      'DB_POOL_MAX_CONN_IDLE_TIME',
      duration('1m'),
      'An idle connection is closed after this long.',
    ),
    preparedStatements: env(
      'DB_PREPARED_STATEMENTS',
      flag(true),
      'Prepare each statement once per connection. Set to false behind a pooler in transaction mode that does not track prepared statements.',
    ),
  })
  .superRefine((config, context) => {
    if ((config.tlsCertFile === undefined) !== (config.tlsKeyFile === undefined))
      context.addIssue({
        code: 'custom',
        path: [config.tlsCertFile === undefined ? 'tlsCertFile' : 'tlsKeyFile'],
        message: 'DB_SSLCERT and DB_SSLKEY belong together; set both or neither',
      })
  })

export type DatabaseConfig = z.output<typeof databaseConfig>
