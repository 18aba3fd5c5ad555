import type { HealthAuthorityKey } from '@ens/domain'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diffKeys, type KeyChanges, material } from './diff-keys.ts'
import type { ListedKey } from './read-jwk.ts'

const NOON = new Date('2020-10-05T12:00:00Z')
const DAY_MS = 86_400_000
const daysAgo = (days: number) => new Date(NOON.getTime() - days * DAY_MS)
const times = { now: NOON, purgeBefore: daysAgo(30) }

const listed = (version: string, publicKey: string): ListedKey => ({ version, publicKey })
const stored = (
  version: string,
  publicKey: string,
  validity: Partial<HealthAuthorityKey> = {},
): HealthAuthorityKey => ({ version, publicKey, from: daysAgo(60), thru: undefined, ...validity })

const NOTHING = { purge: [], revoke: [], rename: [], insert: [], listedTwice: [] }

test('a key is valid from the moment it is found', () => {
  expect(diffKeys([], [listed('v1', 'a')], times)).toEqual({
    ...NOTHING,
    insert: [{ version: 'v1', publicKey: 'a', from: NOON, thru: undefined }],
    valid: 1,
  })
})

test('what is known and listed stays as it is, under whichever kid it is listed', () => {
  const known = [stored('v1', 'a'), stored('v2', 'b')]
  const swapped = [listed('v2', 'a'), listed('v3', 'b')]
  expect(diffKeys(known, swapped, times)).toEqual({ ...NOTHING, valid: 2 })
})

test('a key that is no longer listed ends now', () => {
  const known = [stored('v1', 'a'), stored('v2', 'b')]
  const { revoke } = diffKeys(known, [listed('v2', 'b')], times)
  expect(revoke).toEqual([stored('v1', 'a', { thru: NOON })])
})

test('one that was to end later ends now too; one that had not begun never will', () => {
  const later = new Date(NOON.getTime() + DAY_MS)
  const known = [stored('v1', 'a', { thru: later }), stored('v2', 'b', { from: later })]
  const { revoke } = diffKeys(known, [listed('v3', 'c')], times)
  expect(revoke.map(({ version, thru }) => [version, thru])).toEqual([
    ['v1', NOON],
    ['v2', later],
  ])
  expect(diffKeys(revoke, [listed('v3', 'c')], times).revoke).toEqual([])
})

test('the first revocation counts', () => {
  const known = [stored('v1', 'a', { thru: daysAgo(1) })]
  expect(diffKeys(known, [listed('v2', 'b')], times).revoke).toEqual([])
})

test('a key that has ended is not valid again because it is listed', () => {
  const known = [stored('v1', 'a', { thru: daysAgo(1) })]
  expect(diffKeys(known, [listed('v1', 'a')], times)).toEqual({ ...NOTHING, valid: 0 })
})

test('keys that ended long ago go, unless they are still listed: those would come back as new', () => {
  const known = [
    stored('gone', 'a', { thru: daysAgo(31) }),
    stored('listed', 'b', { thru: daysAgo(31) }),
    stored('young', 'c', { thru: daysAgo(30) }),
  ]
  expect(diffKeys(known, [listed('listed', 'b')], times).purge).toEqual(['gone'])
})

test('a kid that is given to a new key passes to it; the old one ends and stays known', () => {
  const changes = diffKeys([stored('v1', 'a')], [listed('v1', 'b')], times)
  expect(changes).toEqual({
    ...NOTHING,
    revoke: [stored('v1', 'a', { thru: NOON })],
    rename: [{ from: 'v1', to: 'v1 (until 2020-10-05T12:00:00.000Z)' }],
    insert: [{ version: 'v1', publicKey: 'b', from: NOON, thru: undefined }],
    valid: 1,
  })
})

test('the holder of such a kid that is listed under another takes that one, and stays valid', () => {
  const known = [stored('v1', 'a'), stored('v2', 'b')]
  const { revoke, rename } = diffKeys(known, [listed('v2', 'a'), listed('v1', 'c')], times)
  expect(revoke.map(({ version }) => version)).toEqual(['v2'])
  expect(rename).toEqual([
    { from: 'v2', to: 'v2 (until 2020-10-05T12:00:00.000Z)' },
    { from: 'v1', to: 'v2' },
  ])
})

test('a kid that is freed by a purge needs no other holder', () => {
  const known = [stored('v1', 'a', { thru: daysAgo(40) })]
  const { purge, rename } = diffKeys(known, [listed('v1', 'b')], times)
  expect({ purge, rename }).toEqual({ purge: ['v1'], rename: [] })
})

test('a new key that is listed twice is stored under the last kid', () => {
  const { insert, listedTwice } = diffKeys([], [listed('v1', 'a'), listed('v2', 'a')], times)
  expect(insert.map(({ version }) => version)).toEqual(['v2'])
  expect(listedTwice).toEqual(['v2'])
})

test('an authority whose keys change all the time is stopped before they fill the memory', () => {
  const known = Array.from({ length: 500 }, (_, n) => stored(`v${n}`, `key ${n}`, { thru: NOON }))
  expect(() => diffKeys(known, [listed('new', 'new')], times)).toThrow(
    expect.objectContaining({ code: 'jwks_too_large' }),
  )
})

// Few names, so that they collide in every way.
const kids = fc.constantFrom('a', 'b', 'c', 'd', 'a (until 2020-10-05T12:00:00.000Z)')
const ends = fc.constantFrom(undefined, daysAgo(40), daysAgo(20), NOON, daysAgo(-1))
const anyKnown = fc.uniqueArray(
  fc.record({
    version: kids,
    publicKey: fc.constantFrom('K', 'L', 'M', 'N'),
    from: fc.constantFrom(daysAgo(60), daysAgo(-1)),
    thru: ends,
  }),
  { selector: ({ version }) => version },
)
const anyListed = fc.uniqueArray(
  fc.record({ version: kids, publicKey: fc.constantFrom('K', 'L', 'M', 'N') }),
  { selector: ({ version }) => version, minLength: 1 },
)

test('whatever is known and listed, afterwards just the listed keys live, and a second look changes nothing', () => {
  fc.assert(
    fc.property(anyKnown, anyListed, (known, document) => {
      const before = known.map((key) => ({ ...key, thru: laterOf(key.from, key.thru) }))
      const after = applied(before, diffKeys(before, document, times))
      const live = after.filter(({ thru }) => thru === undefined || thru > NOON)
      const isListed = (key: { publicKey: string }) =>
        document.some(({ publicKey }) => publicKey === key.publicKey)
      expect(live.filter(({ from }) => from <= NOON).every(isListed)).toBe(true)
      expect(document.every((key) => after.some((one) => material(one) === material(key)))).toBe(
        true,
      )
      expect(diffKeys(after, document, times)).toMatchObject(NOTHING)
    }),
    { numRuns: runs(3000) },
  )
})

test('whatever is known and listed, a new key has its kid, and no end is put off or taken away', () => {
  fc.assert(
    fc.property(anyKnown, anyListed, (known, document) => {
      const before = known.map((key) => ({ ...key, thru: laterOf(key.from, key.thru) }))
      const after = applied(before, diffKeys(before, document, times))
      const isNew = ({ publicKey }: ListedKey) => !before.some((key) => key.publicKey === publicKey)
      for (const { publicKey } of document.filter(isNew)) {
        const last = document.findLast((key) => key.publicKey === publicKey)
        expect(after).toContainEqual(stored(last?.version ?? '', publicKey, { from: NOON }))
      }
      const ended = before.filter(({ thru }) => thru && thru <= NOON && thru >= times.purgeBefore)
      for (const { publicKey, thru } of ended)
        expect(after).toContainEqual(expect.objectContaining({ publicKey, thru }))
    }),
    { numRuns: runs(3000) },
  )
})

function laterOf(from: Date, thru: Date | undefined): Date | undefined {
  return thru && thru < from ? from : thru
}

/** What the database makes of the changes: a version is taken once. */
function applied(known: HealthAuthorityKey[], changes: KeyChanges): HealthAuthorityKey[] {
  const rows = new Map(known.map((key) => [key.version, key]))
  const put = (key: HealthAuthorityKey) => {
    expect(rows.has(key.version)).toBe(false)
    rows.set(key.version, key)
  }
  for (const version of changes.purge) expect(rows.delete(version)).toBe(true)
  for (const key of changes.revoke) rows.set(key.version, key)
  for (const { from, to } of changes.rename) {
    const row = rows.get(from)
    rows.delete(from)
    expect(row).toBeDefined()
    if (row) put({ ...row, version: to })
  }
  changes.insert.forEach(put)
  return [...rows.values()]
}
