import type { UserConsoleLog } from 'vitest'
import type { Reporter } from 'vitest/node'

/** As packages/provider-servers/src/configured.ts writes it. */
const NOT_CONFIGURED = 'not configured: '

/** Names, at the end of a run, each provider that was not tried because its variables are not set. */
// biome-ignore lint/style/noDefaultExport: vitest loads it by path
export default class NotConfigured implements Reporter {
  readonly #lines: string[] = []

  onUserConsoleLog({ content }: UserConsoleLog) {
    const lines = content.split('\n').filter((line) => line.startsWith(NOT_CONFIGURED))
    this.#lines.push(...lines)
  }

  onTestRunEnd() {
    for (const line of this.#lines.sort()) process.stdout.write(`${line}\n`)
  }
}
