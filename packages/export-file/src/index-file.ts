/**
 * The body of index.txt: object names, once each, oldest first, without a line end after the last. Phones remember
 * the last line they have seen, so the order is part of the protocol: by bytes, which for one root is by window.
 */
export function encodeIndex(names: Iterable<string>): string {
  const lines = [...new Set(names)].map((name) => Buffer.from(name))
  return lines
    .sort(Buffer.compare)
    .map((line) => line.toString())
    .join('\n')
}

/** The object names of an index, in its order; blank lines and white space around a name do not count. */
export function parseIndex(body: string): string[] {
  return body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
