import { readFile, writeFile } from 'node:fs/promises'
import { configurationPage } from './docs/configuration.ts'
import { differingLines } from './docs/differing-lines.ts'
import { errorsPage } from './docs/errors.ts'
import { metricsPage } from './docs/metrics.ts'
import { openApiFile } from './docs/openapi.ts'
import { schemaFile } from './docs/schema.ts'
import { at } from './paths.ts'

/** What code knows is never typed: these pages are written from it, and with `--check` compared with it. */
const PAGES = {
  'docs/configuration.md': configurationPage,
  'docs/errors.md': errorsPage,
  'docs/metrics.md': metricsPage,
  'docs/openapi.json': openApiFile,
  'docs/schema.sql': schemaFile,
}

async function write(): Promise<void> {
  for (const [path, page] of Object.entries(PAGES)) await writeFile(at(path), await page())
}

async function check(): Promise<void> {
  for (const [path, page] of Object.entries(PAGES)) {
    const found = await readFile(at(path), 'utf8').catch(() => '')
    const differences = differingLines(found, await page())
    if (differences.length === 0) continue
    process.exitCode = 1
    console.log(`${path} is not what the code says; run \`npx -y pnpm@12 run docs\` and commit it`)
    for (const line of differences) console.log(`  ${line}`)
  }
}

await (process.argv.includes('--check') ? check() : write())
