import { env, integer } from '@ens/config'
import { z } from 'zod'

const port = (variable: string, fallback: number, sentence: string) =>
  env(variable, integer({ min: 1, max: 65_535, fallback }), sentence)

/** Where the members of the fleet that `start` runs listen; all of them on the loopback only. */
export const config = z.object({
  exposurePort: port(
    'EXPOSURE_PORT',
    8080,
    'Port on which `start` runs the service that phones publish to.',
  ),
  exportPort: port('EXPORT_PORT', 8081, 'Port of the service that makes archives.'),
  cdnPort: port('CDN_PORT', 8082, 'Port of the file server that stands for the CDN.'),
  databasePort: port('DATABASE_PORT', 5433, 'Port of the embedded PostgreSQL.'),
  exposureMetricsPort: port('EXPOSURE_METRICS_PORT', 9101, 'Port of the metrics of `exposure`.'),
  exportMetricsPort: port('EXPORT_METRICS_PORT', 9102, 'Port of the metrics of `export`.'),
})

export type LocalConfig = z.output<typeof config>

/** Each port with the variable that sets it. */
export function portsByVariable(config: LocalConfig): Record<string, number> {
  return {
    EXPOSURE_PORT: config.exposurePort,
    EXPORT_PORT: config.exportPort,
    CDN_PORT: config.cdnPort,
    DATABASE_PORT: config.databasePort,
    EXPOSURE_METRICS_PORT: config.exposureMetricsPort,
    EXPORT_METRICS_PORT: config.exportMetricsPort,
  }
}
