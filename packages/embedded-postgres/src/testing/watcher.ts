import { whenStarterGone } from '../starters.ts'

// A process that tells when what started it has gone, and then ends.
const stay = setInterval(() => {}, 60_000)
whenStarterGone(() => {
  process.stdout.write('gone\n')
  clearInterval(stay)
})
process.stdout.write('watching\n')
