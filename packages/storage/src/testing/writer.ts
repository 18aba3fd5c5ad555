import { filesystemBlobstore } from '../filesystem.ts'

// A process of its own for the tests of the file system store: `writer.ts count|flood <root> <times>`.

const [, , task, root = '', times = '0'] = process.argv
const store = filesystemBlobstore(root)
const { signal } = new AbortController()
const options = { contentType: 'text/plain', cacheable: false, signal }

/** Adds one to the number in an object, again and again, as long as it takes to get in between other writers. */
async function count(): Promise<void> {
  for (let counted = 0; counted < Number(times); ) {
    const { contents, version } = await store.get('bucket', 'counter', { signal })
    const next = Buffer.from(String(Number(Buffer.from(contents)) + 1))
    const written = store.put('bucket', 'counter', next, { ...options, onlyIf: version })
    if (await written.then(() => true, isConflict)) counted++
  }
}

function isConflict(error: unknown): false {
  if (error instanceof Error && 'code' in error && error.code === 'object_changed') return false
  throw error
}

/** Writes objects of one repeated byte until it is killed. */
async function flood(): Promise<void> {
  for (let n = 0; ; n++) {
    const contents = Buffer.alloc(300_000, n)
    await store.create('bucket', `flood/${n}`, contents, options)
    await store.put('bucket', 'flood/latest', contents, options)
    process.stdout.write(`${n}\n`)
  }
}

await (task === 'count' ? count() : flood())
