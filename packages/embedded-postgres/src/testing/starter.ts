import { startPostgres } from '../postgres.ts'

// A process that starts a PostgreSQL in the folder it is given and stays, for tests that kill it.
const [dataDirectory = '', logFile = ''] = process.argv.slice(2)
const postgres = await startPostgres({ dataDirectory, logFile, port: 0 })
process.stdout.write(`${JSON.stringify({ url: postgres.url('postgres') })}\n`)
await postgres.ended
