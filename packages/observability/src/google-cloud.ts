import type { Attributes } from '@opentelemetry/api'
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics'
import type { ObservabilityConfig } from './config.ts'
import { telemetryCredentialsUnavailable } from './errors.ts'
import { load } from './open-telemetry.ts'

/*
 * Google Cloud Monitoring and Trace take OTLP at the Telemetry API:
 * https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/overview
 */

export const TELEMETRY_API = 'https://telemetry.googleapis.com'

/** To write, and nothing else. */
const SCOPES = [
  'https://www.googleapis.com/auth/monitoring.write',
  'https://www.googleapis.com/auth/trace.append',
]

/**
 * Headers with a token of the platform's usual credentials (Application Default Credentials), renewed by the library as they
 * expire. They throw `telemetry_credentials_unavailable`, without the library's words, which may quote a credential.
 */
export function googleHeaders({
  projectId,
}: Pick<ObservabilityConfig, 'projectId'>): () => Promise<Record<string, string>> {
  let auth: Promise<{ getRequestHeaders(): Promise<Headers> }> | undefined
  return async () => {
    try {
      auth ??= openAuth(projectId)
      return Object.fromEntries(await (await auth).getRequestHeaders())
    } catch (error) {
      auth = undefined
      await forgetMachine()
      throw telemetryCredentialsUnavailable(
        `no credentials for Google Cloud's telemetry (${reasonOf(error)}); see https://cloud.google.com/docs/authentication/application-default-credentials`,
      )
    }
  }
}

/** The library remembers for good that it has found no metadata server, though one was only late. */
async function forgetMachine(): Promise<void> {
  const { resetIsAvailableCache } = await import('gcp-metadata')
  resetIsAvailableCache()
}

async function openAuth(projectId: string | undefined) {
  const { GoogleAuth } = await import('google-auth-library')
  return new GoogleAuth({ scopes: SCOPES, ...(projectId !== undefined && { projectId }) })
}

/** A status or a code: never a text. */
function reasonOf(error: unknown): string {
  const { status, code, name } = error as { status?: unknown; code?: unknown; name?: unknown }
  return String(status ?? code ?? name ?? 'unknown')
}

/**
 * What Cloud Monitoring wants to know of a writer: its project, where it runs, and which instance it is, or the counts of two would
 * be taken for one.
 */
export function googleResource({ projectId }: ObservabilityConfig, own: Attributes) {
  const { resourceFromAttributes } = load('@opentelemetry/resources')
  return resourceFromAttributes({ ...own, 'gcp.project_id': projectId, 'cloud.region': region() })
}

/** As the platform's metadata server says (`projects/1/regions/europe-west1`), `global` where there is none. */
async function region(): Promise<string> {
  try {
    const { instance, isAvailable } = await import('gcp-metadata')
    const place = (await isAvailable()) ? String(await instance('region')) : ''
    return place.slice(place.lastIndexOf('/') + 1) || 'global'
  } catch {
    return 'global'
  }
}

/**
 * An exporter that is given metrics under the names that Prometheus sees. The Telemetry API refuses a dash in a name, and stores
 * all metrics as Prometheus does; so the same queries and alerts serve both.
 */
export function withPrometheusNames(exporter: PushMetricExporter): PushMetricExporter {
  return {
    export: (metrics, done) => exporter.export(renamed(metrics), done),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    selectAggregationTemporality: (type) => {
      const { AggregationTemporality } = load('@opentelemetry/sdk-metrics')
      return exporter.selectAggregationTemporality?.(type) ?? AggregationTemporality.CUMULATIVE
    },
  }
}

function renamed(metrics: ResourceMetrics): ResourceMetrics {
  const { DataPointType } = load('@opentelemetry/sdk-metrics')
  const scopeMetrics = metrics.scopeMetrics.map(({ scope, metrics }) => ({
    scope,
    metrics: metrics.map((metric) => {
      const isCounter = metric.dataPointType === DataPointType.SUM && metric.isMonotonic
      const name = prometheusName(metric.descriptor.name, isCounter)
      return { ...metric, descriptor: { ...metric.descriptor, name } }
    }),
  }))
  return { ...metrics, scopeMetrics }
}

/** The name under which Prometheus sees an instrument; of a histogram, what stands before `_bucket`, `_sum` and `_count`. */
export function prometheusName(name: string, isCounter: boolean): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_:]/g, '_')
  return isCounter && !plain.endsWith('_total') ? `${plain}_total` : plain
}
