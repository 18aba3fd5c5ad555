import { trace } from '@opentelemetry/api'

/**
 * Names the span of the current request after its route, which unlike its path tells nothing of the caller. Does nothing where
 * requests are not traced.
 */
export function nameRequestSpan(method: string, route: string): void {
  trace.getActiveSpan()?.updateName(`${method} ${route}`).setAttribute('http.route', route)
}
