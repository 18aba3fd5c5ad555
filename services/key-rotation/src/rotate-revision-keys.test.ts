import { readFileSync } from 'node:fs'
import { revisionKeys, sql } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import type { KeyManager } from '@ens/keys'
import { memoryKeyManager } from '@ens/keys/testing'
import { recordingLogger } from '@ens/observability/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { rotationEvents } from './events.ts'
import { type RotationDeps, rotateRevisionKeys } from './rotate-revision-keys.ts'

const NOON = new Date('2020-10-05T12:00:00Z')
const DAY_MS = 86_400_000
const { signal } = new AbortController()

interface Vector {
  name: string
  now: string
  newKeyPeriodSeconds: number
  deleteOldKeyPeriodSeconds: number
  keys: { kid: number; createdAt: string; allowed: boolean }[]
  expect: { created: boolean; destroyed: number[]; allowedAfter: (number | 'NEW')[] }
}

const vectors: { cases: Vector[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-key-rotation.json', import.meta.url), 'utf8'),
)

let db: TestDatabase
let keyManager: KeyManager
let deps: RotationDeps
let lines: object[]
/** Set to make the key manager fail. */
let fault: Error | undefined

beforeAll(async () => {
  db = await testDatabase()
  keyManager = memoryKeyManager({
    before() {
      if (fault) throw fault
    },
  })
  await keyManager.createEncryptionKeyVersion(await keyManager.createEncryptionKey('', 'tokens'))
})
afterAll(() => db.close())

beforeEach(async () => {
  await db.execute(sql`delete from revision_key`)
  fault = undefined
  const recording = await recordingLogger()
  lines = recording.lines
  deps = {
    db,
    keyManager,
    settings: {
      keyId: '/tokens',
      newKeyPeriodMs: 7 * DAY_MS,
      deleteOldKeyPeriodMs: 15 * DAY_MS,
    },
    now: () => NOON,
    randomBytes: (size) => Buffer.alloc(size, size),
    events: rotationEvents(recording.logger),
  }
})

/** Keys that no key manager can unwrap: nothing here may try to. */
function addKey(createdAt: Date): Promise<number> {
  const wrapped = Buffer.from('unreadable')
  return revisionKeys.insert(db, { wrappedKey: wrapped, aad: Buffer.from('aad'), createdAt })
}

const daysAgo = (days: number) => new Date(NOON.getTime() - days * DAY_MS)
const allowedKids = async () => (await revisionKeys.listAllowed(db)).map(({ kid }) => kid)

test.each(vectors.cases)('$name', async (example) => {
  const kids = new Map<number | undefined, number | 'NEW'>()
  for (const { kid, createdAt, allowed } of example.keys) {
    const ours = await addKey(new Date(createdAt))
    kids.set(ours, kid)
    if (!allowed) await revisionKeys.destroy(db, ours)
  }

  const counts = await rotateRevisionKeys(
    {
      ...deps,
      now: () => new Date(example.now),
      settings: {
        keyId: '/tokens',
        newKeyPeriodMs: example.newKeyPeriodSeconds * 1000,
        deleteOldKeyPeriodMs: example.deleteOldKeyPeriodSeconds * 1000,
      },
    },
    signal,
  )

  expect(counts).toEqual({
    created: Number(example.expect.created),
    destroyed: example.expect.destroyed.length,
  })
  const after = (await allowedKids()).map((kid) => kids.get(kid) ?? 'NEW')
  expect(after.toSorted()).toEqual(example.expect.allowedAfter.toSorted())
})

test('a new key is 32 random bytes, wrapped for 16 random bytes of associated data', async () => {
  await rotateRevisionKeys(deps, signal)
  const [key] = await revisionKeys.listAllowed(db)
  expect(key?.createdAt).toEqual(NOON)
  expect(key?.aad).toEqual(Buffer.alloc(16, 16))
  const { wrappedKey = Buffer.of(), aad = Buffer.of() } = key ?? {}
  expect(await keyManager.decrypt('/tokens', wrappedKey, aad)).toEqual(Buffer.alloc(32, 32))
})

test('of a destroyed key nothing is left but its row', async () => {
  const oldest = await addKey(daysAgo(40))
  await addKey(daysAgo(20))
  await addKey(NOON)
  expect(await rotateRevisionKeys(deps, signal)).toEqual({ created: 0, destroyed: 1 })
  expect(
    await db.query(
      sql`select allowed, wrapped_cipher, aad from revision_key where kid = ${oldest}`,
    ),
  ).toEqual([{ allowed: false, wrapped_cipher: null, aad: null }])
})

test('a second run does nothing', async () => {
  await addKey(daysAgo(40))
  expect(await rotateRevisionKeys(deps, signal)).toEqual({ created: 1, destroyed: 0 })
  expect(await rotateRevisionKeys(deps, signal)).toEqual({ created: 0, destroyed: 0 })
})

test('of several that run at once, one makes the key', async () => {
  const old = await addKey(daysAgo(7))
  const runs = await Promise.all(Array.from({ length: 4 }, () => rotateRevisionKeys(deps, signal)))
  expect(runs.reduce((sum, { created }) => sum + created, 0)).toBe(1)
  const kids = await allowedKids()
  expect(kids).toHaveLength(2)
  expect(kids.at(-1)).toBe(old)
})

test('a key manager that fails keeps no old key from being destroyed', async () => {
  const oldest = await addKey(daysAgo(40))
  const newest = await addKey(daysAgo(20))
  fault = new Error('the key ring is on fire')
  const failed = await rotateRevisionKeys(deps, signal).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(AggregateError)
  expect(await allowedKids()).toEqual([newest])
  expect(lines).toContainEqual(expect.objectContaining({ severity: 'ERROR', step: 'create' }))
  fault = undefined
  expect(await rotateRevisionKeys(deps, signal)).toEqual({ created: 1, destroyed: 0 })
  expect(await allowedKids()).not.toContain(oldest)
})

test('a key that cannot be destroyed does not save the others', async () => {
  const stuck = await addKey(daysAgo(60))
  const old = await addKey(daysAgo(40))
  const newer = await addKey(daysAgo(20))
  await db.execute(sql`
    create function refuse_to_destroy() returns trigger language plpgsql as
      'begin if old.created_at < ''2020-08-20'' then raise ''stuck''; end if; return new; end'`)
  await db.execute(sql`
    create trigger stuck before update on revision_key for each row execute function refuse_to_destroy()`)
  await expect(rotateRevisionKeys(deps, signal)).rejects.toThrow(AggregateError)
  const kids = await allowedKids()
  await db.execute(sql`drop trigger stuck on revision_key`)
  expect(kids).toEqual([expect.any(Number), newer, stuck])
  expect(kids).not.toContain(old)
})
