import { inject } from 'vitest'
import type { PropertySettings } from './settings.ts'

declare module 'vitest' {
  interface ProvidedContext {
    propertyTests: PropertySettings
  }
}

/** How many cases a property draws: as many as named in the default run, a multiple of it under `PROPERTY_RUNS`. */
export function runs(usual: number): number {
  return usual * inject('propertyTests').factor
}
