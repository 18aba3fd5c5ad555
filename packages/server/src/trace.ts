import type { IncomingMessage } from 'node:http'

const TRACE_ID = /^[0-9a-fA-F]{1,32}$/

/**
 * Links the request's log lines with its trace in Google Cloud, when the load balancer named one. For services that trace nothing
 * themselves; the others link their lines with their own spans.
 */
export function traceFields(
  { headers }: Pick<IncomingMessage, 'headers'>,
  projectId: string | undefined,
): Record<string, string> {
  const context = headers['x-cloud-trace-context']
  if (projectId === undefined || typeof context !== 'string') return {}
  const [traceId = ''] = context.split('/')
  if (!TRACE_ID.test(traceId)) return {}
  return { 'logging.googleapis.com/trace': `projects/${projectId}/traces/${traceId}` }
}
