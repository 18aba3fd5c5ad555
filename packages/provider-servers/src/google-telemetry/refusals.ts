import { asObject, type Metric, type MetricsRequest, pointsOf, type TraceRequest } from './otlp.ts'

/*
 * What the Telemetry API refuses, as documented:
 * https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/v1.metrics (resources),
 * https://docs.cloud.google.com/stackdriver/docs/otlp-metrics/overview (names).
 */

const METRIC_NAME = /^[a-zA-Z][a-zA-Z0-9_:./]*$/
const LABEL_KEY = /^[a-zA-Z_][a-zA-Z0-9_.]*$/
/** Any of these becomes the location of a `prometheus_target`, which needs one. */
const LOCATIONS = ['location', 'cloud.availability_zone', 'cloud.region']
const CUMULATIVE = 2
/** Most time series that one write to Cloud Monitoring takes: https://cloud.google.com/monitoring/quotas#custom_metrics_quotas */
const MAX_POINTS = 200

/** What is wrong with a request for metrics; nothing if it is taken. */
export function metricProblems(project: string, { resourceMetrics }: MetricsRequest): string[] {
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap((scope) => scope.metrics),
  )
  const points = metrics.reduce((sum, metric) => sum + pointsOf(metric).dataPoints.length, 0)
  return [
    ...resourceMetrics.flatMap(({ resource }) => {
      const attributes = asObject(resource.attributes)
      const isPlaced = LOCATIONS.some((name) => attributes[name])
      return [
        ...projectProblems(project, attributes),
        ...(isPlaced ? [] : ['the resource has no location']),
      ]
    }),
    ...metrics.flatMap(metricProblem),
    ...(points > MAX_POINTS ? [`${points} points in one request`] : []),
  ]
}

export function spanProblems(project: string, { resourceSpans }: TraceRequest): string[] {
  return resourceSpans.flatMap(({ resource }) =>
    projectProblems(project, asObject(resource.attributes)),
  )
}

function projectProblems(project: string, attributes: Record<string, unknown>): string[] {
  const named = attributes['gcp.project_id']
  return named === project ? [] : [`gcp.project_id is ${String(named)}`]
}

function metricProblem(metric: Metric): string[] {
  const { dataPoints, aggregationTemporality = CUMULATIVE } = pointsOf(metric)
  const keys = dataPoints.flatMap(({ attributes }) => Object.keys(asObject(attributes)))
  return [
    ...(METRIC_NAME.test(metric.name) ? [] : [`invalid metric name ${metric.name}`]),
    ...(aggregationTemporality === CUMULATIVE ? [] : [`${metric.name} is not cumulative`]),
    ...keys.filter((key) => !LABEL_KEY.test(key)).map((key) => `invalid label ${key}`),
  ]
}
