import { readFile } from 'node:fs/promises'

const LAST_LINES = 12

/** A sentence on a process that ended unasked, with the end of its log. */
export async function describeEnd(
  name: string,
  code: number | null,
  logFile: string,
): Promise<string> {
  return `${name} has ended by itself (exit code ${code ?? 'none'}); ${await lastLines(logFile)}`
}

/** The end of a log, fit for a terminal. */
export async function lastLines(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8')).trim().split('\n')
  return `its log, ${logFile}, ends with:\n${lines.slice(-LAST_LINES).map(readable).join('\n')}`
}

/** Of a structured line its severity and message; any other as it is. */
function readable(line: string): string {
  try {
    const { severity, message } = JSON.parse(line) as { severity?: string; message?: string }
    return message === undefined ? line : `${severity ?? ''} ${message}`
  } catch {
    return line
  }
}
