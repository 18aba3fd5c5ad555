import { API_DOCUMENT_PATH } from './api-pages.ts'
import type { DemoConfiguration } from './demo-configuration.ts'
import { DEMO } from './demo-configuration.ts'
import type { LocalFolder } from './folder.ts'
import { databaseVariables, keyVariables, type Surroundings, type Variables } from './variables.ts'

/** All that an outside client needs to try the system with its own code; `.local/demo.json`. */
export interface Demo extends DemoConfiguration {
  publishUrl: string
  statsUrl: string
  /** The API of both, as OpenAPI. */
  openApiUrl: string
  /** The app's name, as a publish calls it. */
  healthAuthorityID: string
  issuer: string
  audience: string
  region: string
  indexUrl: string
  /** Lines of the index are appended to it, after a slash. */
  exportRootUrl: string
  createBatchesUrl: string
  doWorkUrl: string
  cleanupExposureUrl: string
  cleanupExportUrl: string
  rotateKeysUrl: string
  jwksUrl: string
  jobToken: string
  databaseUrl: string
}

export function describeDemo(
  configuration: DemoConfiguration,
  surroundings: Surroundings,
  databaseUrl: string,
): Demo {
  const { config, jobToken } = surroundings
  const at = (port: number, path: string) => `http://127.0.0.1:${port}${path}`
  return {
    publishUrl: at(config.exposurePort, '/v1/publish'),
    statsUrl: at(config.exposurePort, '/v1/stats'),
    openApiUrl: at(config.cdnPort, API_DOCUMENT_PATH),
    healthAuthorityID: DEMO.appName,
    issuer: DEMO.issuer,
    audience: DEMO.audience,
    region: DEMO.region,
    indexUrl: at(config.cdnPort, `/${DEMO.bucket}/${DEMO.filenameRoot}/index.txt`),
    exportRootUrl: at(config.cdnPort, `/${DEMO.bucket}`),
    createBatchesUrl: at(config.exportPort, '/create-batches'),
    doWorkUrl: at(config.exportPort, '/do-work'),
    cleanupExposureUrl: at(config.cleanupExposurePort, '/'),
    cleanupExportUrl: at(config.cleanupExportPort, '/'),
    rotateKeysUrl: at(config.keyRotationPort, '/rotate-keys'),
    jwksUrl: at(config.jwksPort, '/'),
    jobToken,
    databaseUrl,
    ...configuration,
  }
}

/** The settings of the administrative command for this system, as a file of variables. */
export function adminVariables(
  surroundings: Pick<Surroundings, 'postgres'> & { folder: LocalFolder },
): string {
  const variables: Variables = { ...databaseVariables(surroundings), ...keyVariables(surroundings) }
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join('')
}

/** In the quotes that the value lacks: such files know no escapes. */
function quoted(value: string): string {
  const quote = [`"`, `'`, '`'].find((quote) => !value.includes(quote)) ?? ''
  return `${quote}${value}${quote}`
}
