import { readFile, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { cacheControl } from '@ens/storage'
import type { Origin } from './cdn.ts'

const ARCHIVE = { 'content-type': 'application/zip', 'cache-control': cacheControl(true) }
const INDEX = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': cacheControl(false) }
/** As a stranger is answered: there is no such object, or no public bucket. */
const NOT_THERE = [401, 403, 404]
const ANSWER_WITHIN_MS = 10_000

/** The folder of a filesystem blob store, which keeps no headers: they follow from the names. */
export function folderOrigin(root: string): Origin {
  return async (segments) => {
    try {
      const file = await realpath(join(root, ...segments))
      if (!file.startsWith((await realpath(root)) + sep)) return undefined // a link that leads out
      const headers = segments.at(-1) === 'index.txt' ? INDEX : ARCHIVE
      return { headers, contents: await readFile(file) }
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP'].includes(code)) return undefined
      throw error
    }
  }
}

/** A store with public buckets at a URL; objects come with the headers that it keeps. */
export function storeOrigin(url: string): Origin {
  return async (segments) => {
    const reply = await fetch(`${url}/${segments.map(encodeURIComponent).join('/')}`, {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    const contents = Buffer.from(await reply.arrayBuffer())
    if (NOT_THERE.includes(reply.status)) return undefined
    if (!reply.ok) throw new Error(`the blob store answered ${reply.status}`)
    const kept = (name: string) => ({ [name]: reply.headers.get(name) ?? '' })
    return { headers: { ...kept('content-type'), ...kept('cache-control') }, contents }
  }
}
