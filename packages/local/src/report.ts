import { relative } from 'node:path'
import { API_PAGE_PATH } from './api-pages.ts'
import type { LocalConfig } from './config.ts'
import type { LocalFolder } from './folder.ts'
import type { Published } from './proof.ts'
import type { Local } from './start-local.ts'

/** The fleet in a table of what is where. */
export function describeFleet(
  { demo, dataDirectory, blobstoreUrl }: Local,
  config: LocalConfig,
  folder: LocalFolder,
): string {
  const short = (path: string) => relative(process.cwd(), path) || path
  const metrics = (port: number) => `http://127.0.0.1:${port}/metrics`
  const database = new URL(demo.databaseUrl)
  database.password = ''
  const isElsewhere = dataDirectory !== folder.database
  return table([
    ['phones publish to', demo.publishUrl],
    ['phones download from', demo.indexUrl],
    ['the API, explained', new URL(API_PAGE_PATH, demo.openApiUrl).href],
    ['jobs, called every second', demo.createBatchesUrl],
    ['', demo.doWorkUrl],
    ['clean-ups, every minute', demo.cleanupExposureUrl],
    ['', demo.cleanupExportUrl],
    ['keys, every minute', demo.rotateKeysUrl],
    ['', demo.jwksUrl],
    ['metrics', metrics(config.exposureMetricsPort)],
    ['', metrics(config.exportMetricsPort)],
    ['', metrics(config.cleanupExposureMetricsPort)],
    ['', metrics(config.cleanupExportMetricsPort)],
    ['', metrics(config.keyRotationMetricsPort)],
    ['', metrics(config.jwksMetricsPort)],
    ['database', `${database.href} (password in the next file)`],
    ...(blobstoreUrl === undefined ? [] : [['blob store (Azurite)', blobstoreUrl]]),
    ['for your own client', short(folder.file('demo.json'))],
    ['logs', short(folder.file('logs'))],
    ...(isElsewhere ? [['database files', elsewhere(dataDirectory)]] : []),
  ])
}

const elsewhere = (directory: string) =>
  `${directory} (the user PostgreSQL runs as cannot enter this folder)`

/** What the phone has published, and when it may be seen. */
export function describePublished({ due, embargoed, embargoedUntil }: Published): string {
  const all = due.length + embargoed.length
  const kept =
    embargoed.length > 0
      ? `; ${count(embargoed.length, 'is', 'are')} still valid and kept back until ${instant(embargoedUntil)}`
      : ''
  return `A simulated phone has published ${count(all, 'key', 'keys')} with a certificate: accepted${kept}.`
}

export function describeFound(
  { due }: Published,
  archives: readonly string[],
  { exportKeyId, exportKeyVersion }: { exportKeyId: string; exportKeyVersion: string },
): string {
  const names = archives.join(', ')
  return `It has found ${count(due.length, 'key', 'keys')}, each once, in ${names}; the signature is that of key ${exportKeyId}, version ${exportKeyVersion}.`
}

/** That the phone has revised its keys; what comes of it is seen later. */
export function describeRevised({ due, embargoed }: Published): string {
  const all = count(due.length + embargoed.length, 'key', 'keys')
  return `It has revised ${all} from likely to confirmed: accepted; due in a later archive.`
}

export function describeRevisionFound({ due }: Published, archives: readonly string[]): string {
  return `The phone has found ${count(due.length, 'revised key', 'revised keys')}, each once and confirmed, in ${archives.join(', ')}, signature verified.`
}

export function describeListed({ archives, keys }: { archives: number; keys: number }): string {
  return `What was published earlier is there: ${count(archives, 'archive', 'archives')} with ${count(keys, 'key', 'keys')}, every signature verified.`
}

/** What a newcomer may do now. */
export const NEXT_STEPS = `Try next, in another terminal:
  npx -y pnpm@12 phone publish --no-today   publish more keys; in an archive within 90 s
  npx -y pnpm@12 phone list                 download, verify and list what is published
  npx -y pnpm@12 phone --help               revise keys, send chaff, read statistics
  npx -y pnpm@12 admin --demo app list      who may publish
  npx -y pnpm@12 admin --demo --help        create, change and end what is configured
Ctrl-C stops everything; the data stays in .local, and to remove that folder is to start afresh.`

function table(rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(([name = '']) => name.length))
  return rows.map(([name = '', value = '']) => `  ${name.padEnd(width)}  ${value}`).join('\n')
}

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`

const instant = (at: Date) => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`
