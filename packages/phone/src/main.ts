import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { runPhone } from './command.ts'

// A reader that has seen enough, such as `head`, is no fault of ours.
process.stdout.on('error', () => process.exit())

process.exitCode = await runPhone(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  now: () => new Date(),
  random: randomBytes,
  demoFile: fileURLToPath(new URL('../../../.local/demo.json', import.meta.url)),
})
