/*
 * OTLP as JSON, as far as it is looked at here: the JSON encoding of the messages in opentelemetry-proto
 * (collector/{metrics,trace}/v1), with the ids in hex, https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

export interface Attribute {
  key: string
  value: { stringValue?: string; intValue?: number | string; boolValue?: boolean }
}

interface Point {
  attributes?: Attribute[]
  asInt?: number | string
  asDouble?: number
  count?: number
}

interface Points {
  dataPoints: Point[]
  aggregationTemporality?: number
  isMonotonic?: boolean
}

export interface Metric {
  name: string
  description?: string
  unit?: string
  sum?: Points
  gauge?: Points
  histogram?: Points
}

export interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes?: Attribute[]
}

interface Resource {
  attributes: Attribute[]
}

export interface MetricsRequest {
  resourceMetrics: { resource: Resource; scopeMetrics: { metrics: Metric[] }[] }[]
}

export interface TraceRequest {
  resourceSpans: { resource: Resource; scopeSpans: { spans: Span[] }[] }[]
}

export function asObject(attributes: readonly Attribute[] = []): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.intValue ?? value.boolValue,
    ]),
  )
}

export function pointsOf({ sum, gauge, histogram }: Metric): Points {
  return sum ?? gauge ?? histogram ?? { dataPoints: [] }
}
