import type { Report } from '../bench.ts'
import type { Figure } from './figure.ts'

export interface Collected extends Report {
  readonly figures: Figure[]
  readonly evidence: Record<string, unknown>
  readonly failures: string[]
}

/** Collects what scenarios find; what is being done goes to stderr, so that the table stands alone on stdout. */
export function collect(): Collected {
  const startedAt = performance.now()
  const figures: Figure[] = []
  const evidence: Record<string, unknown> = {}
  const failures: string[] = []
  return {
    figures,
    evidence,
    failures,
    progress(text) {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)
      process.stderr.write(`${seconds} s  ${text}\n`)
    },
    add(figure) {
      if (figure.rounds.length > 0) figures.push(figure)
    },
    explain(name, given) {
      evidence[name] = given
    },
    fail(sentence) {
      failures.push(sentence)
      process.stderr.write(`FAILED: ${sentence}\n`)
    },
  }
}
