import type { Postgres } from '@ens/embedded-postgres'
import type { LocalConfig } from './config.ts'
import { DEMO, DEMO_TIMING } from './demo-configuration.ts'
import type { LocalFolder } from './folder.ts'

export const DATABASE_NAME = 'exposure'

export type Variables = Record<string, string>

/** What the services of a fleet on one machine have in common. */
export interface Surroundings {
  config: LocalConfig
  folder: LocalFolder
  postgres: Pick<Postgres, 'host' | 'port' | 'user' | 'password'>
  jobToken: string
  /** Of the services that store archives. */
  blobVariables: Variables
}

export function databaseVariables({ postgres }: Pick<Surroundings, 'postgres'>): Variables {
  return {
    DB_HOST: postgres.host,
    DB_PORT: String(postgres.port),
    DB_NAME: DATABASE_NAME,
    DB_USER: postgres.user,
    DB_PASSWORD: postgres.password,
    DB_SSLMODE: 'disable',
  }
}

export function keyVariables({ folder }: Pick<Surroundings, 'folder'>): Variables {
  return { KEY_MANAGER: 'FILESYSTEM', KEY_FILESYSTEM_ROOT: folder.keys }
}

export function exposureVariables(surroundings: Surroundings): Variables {
  const { config } = surroundings
  return {
    ...common(surroundings, config.exposurePort, config.exposureMetricsPort),
    REVISION_TOKEN_KEY_ID: DEMO.revisionKey,
    REVISION_TOKEN_AAD: Buffer.from('revision tokens of the demo').toString('base64'),
  }
}

export function exportVariables(surroundings: Surroundings): Variables {
  const { blobVariables, config, jobToken } = surroundings
  return {
    ...common(surroundings, config.exportPort, config.exportMetricsPort),
    JOB_TOKEN: jobToken,
    ...blobVariables,
    MIN_WINDOW_AGE: DEMO_TIMING.minWindowAge,
    EXPORT_FILE_MIN_RECORDS: '1',
    EXPORT_FILE_PADDING_RANGE: '0',
  }
}

export function cleanupExposureVariables(surroundings: Surroundings): Variables {
  const { config, jobToken } = surroundings
  return {
    ...common(surroundings, config.cleanupExposurePort, config.cleanupExposureMetricsPort),
    JOB_TOKEN: jobToken,
  }
}

export function cleanupExportVariables(surroundings: Surroundings): Variables {
  const { blobVariables, config, jobToken } = surroundings
  return {
    ...common(surroundings, config.cleanupExportPort, config.cleanupExportMetricsPort),
    JOB_TOKEN: jobToken,
    ...blobVariables,
  }
}

export function keyRotationVariables(surroundings: Surroundings): Variables {
  const { config, jobToken } = surroundings
  return {
    ...common(surroundings, config.keyRotationPort, config.keyRotationMetricsPort),
    JOB_TOKEN: jobToken,
    REVISION_TOKEN_KEY_ID: DEMO.revisionKey,
  }
}

/** An authority of somebody trying things out may serve its keys on this machine. */
export function jwksVariables(surroundings: Surroundings): Variables {
  const { config, jobToken } = surroundings
  return {
    ...common(surroundings, config.jwksPort, config.jwksMetricsPort),
    JOB_TOKEN: jobToken,
    JWKS_ALLOW_PRIVATE_ADDRESSES: 'true',
  }
}

function common(surroundings: Surroundings, port: number, metricsPort: number): Variables {
  return {
    ...databaseVariables(surroundings),
    ...keyVariables(surroundings),
    HOST: '127.0.0.1',
    PORT: String(port),
    TRUNCATE_WINDOW: DEMO_TIMING.truncateWindow,
    OBSERVABILITY_EXPORTER: 'PROMETHEUS',
    METRICS_PORT: String(metricsPort),
  }
}
