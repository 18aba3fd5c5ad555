export { type RecordedCounts, recordCounts } from './testing/counts.ts'

import { Writable } from 'node:stream'
import { createLogger, type Logger } from './logger.ts'

export { type ReceivedSpan, startCollector } from './testing/collector.ts'

export type LogLine = Record<string, unknown> & { severity: string; message?: string }

/** A logger whose lines a test can read. */
export async function recordingLogger(): Promise<{ logger: Logger; lines: LogLine[] }> {
  const lines: LogLine[] = []
  const destination = new Writable({
    write(chunk, _, done) {
      for (const line of String(chunk).split('\n')) if (line) lines.push(JSON.parse(line))
      done()
    },
  })
  const logger = await createLogger(
    { logLevel: 'DEBUG', logMode: 'PRODUCTION' },
    'test',
    destination,
  )
  return { logger, lines }
}

/** A logger for tests that do not look at the log. */
export async function silentLogger(): Promise<Logger> {
  return (await recordingLogger()).logger
}
