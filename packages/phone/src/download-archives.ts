import { parseIndex } from '@ens/export-file'
import { namesUnusable, unexpectedResponse } from './errors.ts'
import { type HttpLimits, request } from './http.ts'

/** An archive as it was downloaded, or read from disk: nothing about it has been checked. */
export interface NamedArchive {
  name: string
  contents: Buffer
}

export interface DownloadInput {
  indexUrl: string
  /** What the lines of the index are appended to, after a slash. */
  rootUrl: string
  /** The last line seen before; only archives listed after it are downloaded. */
  since?: string
}

const MIB = 1024 * 1024
const INDEX_LIMITS = { timeoutMs: 30_000, maxBytes: MIB }
const ARCHIVE_LIMITS = { timeoutMs: 120_000, maxBytes: 64 * MIB }

/** The archives of an index, oldest first, each downloaded when it is asked for. */
export async function* downloadArchives(
  input: DownloadInput,
  limits: Partial<HttpLimits> = {},
): AsyncGenerator<NamedArchive, void, undefined> {
  const names = await listArchives(input, limits)
  for (const name of names) {
    const url = archiveUrl(input.rootUrl, name)
    yield { name, contents: await get(url, { ...ARCHIVE_LIMITS, ...limits }) }
  }
}

/** The names of an index that are new since the last line seen, in its order. */
export async function listArchives(
  { indexUrl, since }: Omit<DownloadInput, 'rootUrl'>,
  limits: Partial<HttpLimits> = {},
): Promise<string[]> {
  const index = await get(indexUrl, { ...INDEX_LIMITS, ...limits })
  const names = parseIndex(index.toString())
  for (const name of names) refuseOutside(name)
  return since === undefined ? names : namesAfter(names, since)
}

/** Names are in the order of their bytes; the last line seen may have left the index since. */
function namesAfter(names: readonly string[], since: string): string[] {
  const seen = names.lastIndexOf(since)
  if (seen >= 0) return names.slice(seen + 1)
  return names.filter((name) => Buffer.compare(Buffer.from(name), Buffer.from(since)) > 0)
}

/** Names become parts of URLs and of paths on disk, so none may lead out. */
function refuseOutside(name: string): void {
  const leadsOut = name.split('/').some((segment) => segment === '.' || segment === '..')
  if (leadsOut || /[\\\0]/.test(name))
    throw namesUnusable(
      `the index names ${JSON.stringify(name)}, which is no archive below its root`,
    )
}

function archiveUrl(rootUrl: string, name: string): string {
  const path = name.split('/').map(encodeURIComponent).join('/')
  return `${rootUrl.replace(/\/+$/, '')}/${path}`
}

async function get(url: string, limits: HttpLimits): Promise<Buffer> {
  const { status, body } = await request(url, { cache: 'no-store' }, limits)
  if (status !== 200) throw unexpectedResponse(`${url} answered ${status}`)
  return body
}
