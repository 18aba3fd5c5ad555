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
export interface Page<Key> {
  list: keyof FileShare
  keys: Key[]
}

/** Hands out pages in portions of so many keys each, cutting a page where a portion ends. */
export function portions<Key>(pages: AsyncIterator<Page<Key>>) {
  let rest: Page<Key> | undefined
  const next = async () => {
    const page = rest ?? (await pages.next()).value
    rest = undefined
    return page as Page<Key> | undefined
  }
  return async function* portion(size: number): AsyncGenerator<Page<Key>> {
    for (let left = size; left > 0; ) {
      const page = await next()
      if (!page) return
      const taken = page.keys.slice(0, left)
      if (taken.length < page.keys.length) rest = { ...page, keys: page.keys.slice(left) }
      left -= taken.length
      yield { ...page, keys: taken }
    }
  }
}
