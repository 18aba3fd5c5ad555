import { type KeyColumns, sliceColumns } from '@ens/domain'

/** How many keys and revised keys one file holds. */
export interface FileShare {
  keys: number
  revisedKeys: number
}

/**
 * How a batch is cut into files: the keys first, then the revised keys; a file is full at `maxRecords` of both. Nothing gives
 * no file.
 */
export function shareOut({ keys, revisedKeys }: FileShare, maxRecords: number): FileShare[] {
  const shares: FileShare[] = []
  for (let from = 0; from < keys + revisedKeys; from += maxRecords) {
    const to = Math.min(from + maxRecords, keys + revisedKeys)
    const ofKeys = Math.max(0, Math.min(to, keys) - from)
    shares.push({ keys: ofKeys, revisedKeys: to - from - ofKeys })
  }
  return shares
}

/** Some neighbours of one list of a batch. */
export interface Page {
  list: keyof FileShare
  keys: KeyColumns
}

/** Hands out pages in portions of so many keys each, cutting a page where a portion ends. */
export function portions(pages: AsyncIterator<Page>) {
  let rest: Page | undefined
  const next = async () => {
    const page = rest ?? (await pages.next()).value
    rest = undefined
    return page as Page | undefined
  }
  return async function* portion(size: number): AsyncGenerator<Page> {
    for (let left = size; left > 0; ) {
      const page = await next()
      if (!page) return
      const { length } = page.keys
      const taken = Math.min(left, length)
      if (taken < length) rest = { ...page, keys: sliceColumns(page.keys, taken, length) }
      left -= taken
      yield { ...page, keys: sliceColumns(page.keys, 0, taken) }
    }
  }
}
