import fc from 'fast-check'
import { inject } from 'vitest'
import { runs } from './runs.ts'

/** fast-check's own default number of cases. */
const USUAL_RUNS = 100

fc.configureGlobal({ seed: inject('propertyTests').seed, numRuns: runs(USUAL_RUNS) })
