import { expect, test } from 'vitest'
import { downloadArchives, listArchives } from './download-archives.ts'
import { collect, serveFiles } from './testing.ts'

const NAMES = ['us/100-200-00001.zip', 'us/200-300-00001.zip', 'us/200-300-00002.zip']

function cdn(index: string) {
  const archives = NAMES.map((name) => [`/cdn/${name}`, `archive ${name}`])
  return serveFiles({ '/cdn/us/index.txt': index, ...Object.fromEntries(archives) })
}

const inputOf = (url: string) => ({ indexUrl: `${url}/cdn/us/index.txt`, rootUrl: `${url}/cdn` })

test('the archives of the index come in its order', async () => {
  await using server = await cdn(NAMES.join('\n'))

  const archives = await collect(downloadArchives(inputOf(server.url)))

  expect(archives).toEqual(
    NAMES.map((name) => ({ name, contents: Buffer.from(`archive ${name}`) })),
  )
})

test('slashes at the end of the root do not count', async () => {
  await using server = await cdn(NAMES.join('\n'))
  const input = { ...inputOf(server.url), rootUrl: `${server.url}/cdn//` }

  expect(await collect(downloadArchives(input))).toHaveLength(3)
})

test('an empty index lists nothing', async () => {
  await using server = await cdn('')

  expect(await listArchives(inputOf(server.url))).toEqual([])
})

test.each([
  ['the last line seen', 'us/200-300-00001.zip', 1],
  ['a line that has left the index', 'us/000-100-00001.zip', 3],
  ['the last line of all', 'us/200-300-00002.zip', 0],
])('after %s only the rest is new', async (_, since, count) => {
  await using server = await cdn(NAMES.join('\n'))

  const names = await listArchives({ ...inputOf(server.url), since })

  expect(names).toEqual(count === 0 ? [] : NAMES.slice(-count))
})

test.each(['../secret.zip', 'us/../../secret.zip', './us/1.zip', 'us\\..\\1.zip', 'us/1.zip\0'])(
  'an index that names %j is refused before anything is downloaded',
  async (name) => {
    await using server = await cdn([...NAMES, name].join('\n'))

    await expect(downloadArchives(inputOf(server.url)).next()).rejects.toMatchObject({
      code: 'phone_index_unusable',
    })
  },
)

test('a name stays below the root, however it is written', async () => {
  const asked: string[] = []
  await using server = await serveFiles({
    '/cdn/us/index.txt': 'http://elsewhere.example/1.zip',
    '/cdn/http%3A//elsewhere.example/1.zip': 'here',
  })

  for await (const { contents } of downloadArchives(inputOf(server.url)))
    asked.push(contents.toString())

  expect(asked).toEqual(['here'])
})

test('an archive that the index names and that is not there is an error', async () => {
  await using server = await cdn('us/300-400-00001.zip')

  await expect(downloadArchives(inputOf(server.url)).next()).rejects.toMatchObject({
    code: 'phone_unexpected_response',
    message: `${server.url}/cdn/us/300-400-00001.zip answered 404`,
  })
})

test('an archive above the limit is not read', async () => {
  await using server = await cdn(NAMES[0] ?? '')

  await expect(
    downloadArchives(inputOf(server.url), { maxBytes: 20 }).next(),
  ).rejects.toMatchObject({ code: 'phone_response_too_large' })
})
