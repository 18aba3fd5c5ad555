import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type FakeSystem, fakeSystem } from '../testing/fake-system.ts'
import { within } from '../testing/run-phone.ts'

/** Publishes keys, and keeps what was printed as a file. */
async function published(system: FakeSystem, ...words: string[]): Promise<string> {
  const { out } = await within(system, 'publish', '--json', ...words)
  return kept(system, 'published.json', out)
}

function kept(system: FakeSystem, name: string, contents: string): string {
  const file = join(system.folder, name)
  writeFileSync(file, contents)
  return file
}

test('what publish has printed is all that a revision needs', async () => {
  await using system = await fakeSystem()
  const keys = await published(system, '--report-type', 'likely', '--days', '2')

  const revised = await within(system, 'revise', '--keys', keys)
  const found = await within(system, 'find', '--keys', keys)

  expect(revised).toEqual({
    status: 0,
    out: 'reply: 200, revised to confirmed\nrevision token: dG9rZW4=',
    err: '',
  })
  const [first, second] = system.published
  expect(second?.request.temporaryExposureKeys).toEqual(first?.request.temporaryExposureKeys)
  expect(second?.request.revisionToken).toBe('dG9rZW4=')
  expect(second?.claims.reportType).toBe('confirmed')
  expect(found.out.match(/ \(revised\)$/gm)).toHaveLength(2)
})

test('a test that came out negative, and an onset, are told', async () => {
  await using system = await fakeSystem()
  const keys = await published(system, '--report-type', 'likely')

  const { status, out } = await within(
    system,
    ...['revise', '--keys', keys, '--report-type', 'negative', '--onset', '2026-11-20'],
  )

  expect(status).toBe(0)
  expect(out).toContain('revised to negative')
  expect(system.published[1]).toMatchObject({
    claims: { reportType: 'negative', symptomOnsetInterval: 2_991_888 },
    request: { symptomOnsetInterval: 2_991_888 },
  })
})

test('what it prints for programs can be looked for, and revised again', async () => {
  await using system = await fakeSystem()
  const keys = await published(system)

  const { out } = await within(system, 'revise', '--json', '--keys', keys)
  const again = await within(system, 'revise', '--keys', kept(system, 'revised.json', out))

  expect(JSON.parse(out)).toMatchObject({ accepted: true, status: 200 })
  expect(again.status).toBe(0)
})

test('a token of its own wins over the file’s, and a wrong one is refused with status 1', async () => {
  await using system = await fakeSystem()
  const keys = await published(system)

  const { status, out } = await within(
    system,
    ...['revise', '--keys', keys, '--revision-token', 'AAAA'],
  )

  expect(status).toBe(1)
  expect(out).toMatch(/^reply: 400, refused: invalid_revision_token: /)
})

test('keys without a token cannot be revised', async () => {
  await using system = await fakeSystem()
  const keys = kept(system, 'keys.json', '[{"key":"AA","rollingStartNumber":1,"rollingPeriod":1}]')

  const { status, err } = await within(system, 'revise', '--keys', keys)

  expect(status).toBe(2)
  expect(err).toContain('holds no revision token')
  expect(system.published).toEqual([])
})
