import { api } from './open-telemetry.ts'

/**
 * Names the span of the current request after its route, which unlike its path tells nothing of the caller. Does nothing where
 * requests are not traced.
 */
export function nameRequestSpan(method: string, route: string): void {
  api.trace.getActiveSpan()?.updateName(`${method} ${route}`).setAttribute('http.route', route)
}
