/** The path without empty and dot segments, and without what `..` takes back; as the reference server redirects to. */
export function cleanPath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  const trailing = /\/(\.\.?)?$/.test(path) && segments.length > 0 && path.endsWith('/') ? '/' : ''
  return `/${segments.join('/')}${trailing}`
}

/** The URL with the encoded slashes of its path as plain ones, as the reference server matches them; the query stays as it is. */
export function withPlainSlashes(url: string): string {
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  return path.replaceAll(/%2f/gi, '/') + url.slice(path.length)
}
