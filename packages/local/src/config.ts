import { choice, env, integer } from '@ens/config'
import { z } from 'zod'

const port = (variable: string, fallback: number, sentence: string) =>
  env(variable, integer({ min: 1, max: 65_535, fallback }), sentence)

/** Where the members of the fleet that `start` runs listen; all of them on the loopback only. */
export const config = z.object({
  blobstore: env(
    'BLOBSTORE',
    choice(['FILESYSTEM', 'AZURE_BLOB_STORAGE'], 'FILESYSTEM'),
    'Where the fleet that `start` runs puts archives: a folder, or Azurite in the place of Azure. Each has a database of its own.',
  ),
  exposurePort: port(
    'EXPOSURE_PORT',
    8080,
    'Port on which `start` runs the service that phones publish to.',
  ),
  exportPort: port('EXPORT_PORT', 8081, 'Port of the service that makes archives.'),
  cleanupExposurePort: port(
    'CLEANUP_EXPOSURE_PORT',
    8083,
    'Port of the service that deletes old keys.',
  ),
  cleanupExportPort: port(
    'CLEANUP_EXPORT_PORT',
    8084,
    'Port of the service that deletes old archives.',
  ),
  keyRotationPort: port(
    'KEY_ROTATION_PORT',
    8085,
    'Port of the service that replaces the keys of revision tokens.',
  ),
  jwksPort: port('JWKS_PORT', 8086, 'Port of the service that fetches the keys of authorities.'),
  cdnPort: port('CDN_PORT', 8082, 'Port of the file server that stands for the CDN.'),
  databasePort: port('DATABASE_PORT', 5433, 'Port of the embedded PostgreSQL.'),
  azuritePort: port('AZURITE_PORT', 10_000, 'Port of Azurite, if BLOBSTORE=AZURE_BLOB_STORAGE.'),
  exposureMetricsPort: port('EXPOSURE_METRICS_PORT', 9101, 'Port of the metrics of `exposure`.'),
  exportMetricsPort: port('EXPORT_METRICS_PORT', 9102, 'Port of the metrics of `export`.'),
  cleanupExposureMetricsPort: port(
    'CLEANUP_EXPOSURE_METRICS_PORT',
    9103,
    'Port of the metrics of `cleanup-exposure`.',
  ),
  cleanupExportMetricsPort: port(
    'CLEANUP_EXPORT_METRICS_PORT',
    9104,
    'Port of the metrics of `cleanup-export`.',
  ),
  keyRotationMetricsPort: port(
    'KEY_ROTATION_METRICS_PORT',
    9105,
    'Port of the metrics of `key-rotation`.',
  ),
  jwksMetricsPort: port('JWKS_METRICS_PORT', 9106, 'Port of the metrics of `jwks`.'),
})

export type LocalConfig = z.output<typeof config>

/** Each port that is needed, with the variable that sets it. */
export function portsByVariable(config: LocalConfig): Record<string, number> {
  return {
    EXPOSURE_PORT: config.exposurePort,
    EXPORT_PORT: config.exportPort,
    CLEANUP_EXPOSURE_PORT: config.cleanupExposurePort,
    CLEANUP_EXPORT_PORT: config.cleanupExportPort,
    KEY_ROTATION_PORT: config.keyRotationPort,
    JWKS_PORT: config.jwksPort,
    CDN_PORT: config.cdnPort,
    DATABASE_PORT: config.databasePort,
    ...(config.blobstore === 'AZURE_BLOB_STORAGE' && { AZURITE_PORT: config.azuritePort }),
    EXPOSURE_METRICS_PORT: config.exposureMetricsPort,
    EXPORT_METRICS_PORT: config.exportMetricsPort,
    CLEANUP_EXPOSURE_METRICS_PORT: config.cleanupExposureMetricsPort,
    CLEANUP_EXPORT_METRICS_PORT: config.cleanupExportMetricsPort,
    KEY_ROTATION_METRICS_PORT: config.keyRotationMetricsPort,
    JWKS_METRICS_PORT: config.jwksMetricsPort,
  }
}
