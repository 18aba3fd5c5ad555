import { memoryKeyManager } from '@ens/keys/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createKeyRing, type KeyRing, type KeyRingAlarm, type KeyRingDeps } from './key-ring.ts'
import { type NewRevisionKey, newRevisionKey } from './revision-key.ts'
import { revisionTokens } from './revision-tokens.ts'
import { revisionKeyTable } from './testing/revision-key-table.ts'

const NOON = Date.parse('2020-10-05T12:00:00Z')
const REFRESH_MS = 60_000
const UNAVAILABLE = { code: 'revision_keys_unavailable', kind: 'unavailable' }
const ENTRY = { key: Buffer.alloc(16, 7), intervalNumber: 2_669_616, intervalCount: 144 }

let rings: KeyRing[] = []
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  for (const ring of rings) ring.close()
  rings = []
  vi.useRealTimers()
})

/** A table, a key manager whose faults are set by the test, and a clock that stands until it is moved. */
async function aWorld() {
  const world = { faults: new Set<string>(), at: NOON, alarms: [] as KeyRingAlarm[], loads: 0 }
  const fail = (what: string) => {
    if (world.faults.has(what)) throw new Error(`${what} failed`)
  }
  const keyManager = memoryKeyManager({ before: fail })
  const keyId = await keyManager.createEncryptionKey('', 'tokens')
  await keyManager.createEncryptionKeyVersion(keyId)
  const table = revisionKeyTable()
  const now = () => new Date(world.at)
  const deps: KeyRingDeps = {
    load: async () => {
      world.loads++
      fail('load')
      return table.load()
    },
    create: table.create,
    keyManager,
    keyId,
    now,
    refreshMs: REFRESH_MS,
    onAlarm: (alarm) => world.alarms.push(alarm),
  }
  const rotate = async () => table.insert(await newRevisionKey(keyManager, keyId, now()))
  const open = (changes: Partial<KeyRingDeps> = {}) => {
    const ring = createKeyRing({ ...deps, ...changes })
    rings.push(ring)
    return ring
  }
  return Object.assign(world, { table, deps, rotate, open })
}

describe('the first key', () => {
  test('is made when there is none', async () => {
    const world = await aWorld()
    expect((await world.open().effective()).kid).toBe(1)
    expect(await world.table.load()).toHaveLength(1)
  })

  test('is one for all instances that start at once', async () => {
    const world = await aWorld()
    const keys = await Promise.all([1, 2, 3].map(() => world.open().effective()))
    expect(new Set(keys.map(({ kid }) => kid))).toEqual(new Set([1]))
    expect(new Set(keys.map(({ dek }) => Buffer.from(dek).toString('hex'))).size).toBe(1)
  })

  test('is not made by a service that must not', async () => {
    const world = await aWorld()
    const { create, ...deps } = world.deps
    const ring = createKeyRing(deps)
    rings.push(ring)
    await expect(ring.effective()).rejects.toMatchObject(UNAVAILABLE)
    expect(create && (await world.table.load())).toEqual([])
  })
})

describe('the key to seal with', () => {
  test('is the newest that is allowed', async () => {
    const world = await aWorld()
    await world.rotate()
    world.at += 1
    await world.rotate()
    expect((await world.open().effective()).kid).toBe(2)
  })

  test('changes with the next refresh in the background, older ones still open', async () => {
    const world = await aWorld()
    const ring = world.open()
    await ring.effective()
    world.at += 1
    await world.rotate()
    expect((await ring.effective()).kid).toBe(1)
    await vi.advanceTimersByTimeAsync(REFRESH_MS)
    await ring.refresh()
    expect((await ring.effective()).kid).toBe(2)
    expect(await ring.find(1)).toMatchObject({ kid: 1 })
  })

  test('of two made at the same moment is the same on every instance', async () => {
    const world = await aWorld()
    await world.rotate()
    await world.rotate()
    const kids = await Promise.all([1, 2].map(async () => (await world.open().effective()).kid))
    expect(kids).toEqual([2, 2])
  })

  test('a closed ring refreshes no more', async () => {
    const world = await aWorld()
    const ring = world.open()
    await ring.refresh()
    ring.close()
    await vi.advanceTimersByTimeAsync(10 * REFRESH_MS)
    expect(world.loads).toBe(1)
  })
})

describe('trouble', () => {
  test('what is held serves on while refreshes fail, and the operator hears of it', async () => {
    const world = await aWorld()
    const ring = world.open()
    await ring.effective()
    world.faults.add('load')
    await vi.advanceTimersByTimeAsync(3 * REFRESH_MS)
    expect((await ring.effective()).kid).toBe(1)
    expect(await ring.find(1)).toMatchObject({ kid: 1 })
    expect(world.alarms).toHaveLength(3)
    expect(world.alarms[0]).toMatchObject({ problem: 'refresh_failed' })
  })

  test('a key manager that fails costs nothing while the keys stay the same', async () => {
    const world = await aWorld()
    const ring = world.open()
    await ring.effective()
    world.faults.add('decrypt').add('encrypt')
    await ring.refresh()
    expect((await ring.effective()).kid).toBe(1)
    expect(world.alarms).toEqual([])
  })

  test('a key that cannot be unwrapped is skipped with an alarm, and costs only itself', async () => {
    const world = await aWorld()
    const { kid } = await world.rotate()
    world.at += 1
    const foreign: NewRevisionKey = {
      wrappedKey: Buffer.from('wrapped by a key that is gone'),
      aad: Buffer.alloc(16),
      createdAt: new Date(world.at),
    }
    const unreadable = world.table.insert(foreign)
    const ring = world.open()
    expect((await ring.effective()).kid).toBe(kid)
    await expect(ring.find(unreadable.kid)).rejects.toMatchObject(UNAVAILABLE)
    expect(world.alarms[0]).toMatchObject({ problem: 'key_unreadable', kid: unreadable.kid })
  })

  test('what is wrapped must be a data key', async () => {
    const world = await aWorld()
    const { keyManager, keyId } = world.deps
    const aad = Buffer.alloc(16)
    const wrappedKey = await keyManager.encrypt(keyId, Buffer.from('short'), aad)
    world.table.insert({ wrappedKey, aad, createdAt: new Date(NOON) })
    await expect(world.open().effective()).rejects.toMatchObject(UNAVAILABLE)
    expect(world.alarms[0]).toMatchObject({ problem: 'key_unreadable', kid: 1 })
  })

  test('a key that was destroyed opens no more tokens after the next refresh', async () => {
    const world = await aWorld()
    await world.rotate()
    await world.rotate()
    const ring = world.open()
    expect(await ring.find(1)).toMatchObject({ kid: 1 })
    world.table.destroy(1)
    await ring.refresh()
    expect(await ring.find(1)).toBeUndefined()
  })

  test('a service that starts in an outage recovers with it', async () => {
    const world = await aWorld()
    world.faults.add('load')
    const ring = world.open()
    await expect(ring.effective()).rejects.toMatchObject(UNAVAILABLE)
    world.faults.clear()
    world.at += 1_000
    expect((await ring.effective()).kid).toBe(1)
  })

  test('many requests in an outage lead to one load at a time, and not one each', async () => {
    const world = await aWorld()
    world.faults.add('load')
    const ring = world.open()
    await Promise.allSettled(Array.from({ length: 50 }, () => ring.effective()))
    await Promise.allSettled(Array.from({ length: 50 }, () => ring.find(9)))
    expect(world.loads).toBe(1)
  })
})

describe('the number of an unknown key', () => {
  test('is looked up once more, for another instance may have made it a moment ago', async () => {
    const world = await aWorld()
    const ring = world.open()
    await ring.effective()
    world.at += 1_000
    const { kid } = await world.rotate()
    expect(await ring.find(kid)).toMatchObject({ kid })
  })

  test('made up by somebody, leads to one load a second at most', async () => {
    const world = await aWorld()
    const ring = world.open()
    await ring.effective()
    world.at += 1_000
    const found = await Promise.all(Array.from({ length: 50 }, (_, n) => ring.find(1_000 + n)))
    expect(new Set(found)).toEqual(new Set([undefined]))
    expect(world.loads).toBe(2)
  })

  test('is not held against the token while the keys cannot be read', async () => {
    const world = await aWorld()
    const ring = world.open()
    await ring.effective()
    world.at += 1_000
    world.faults.add('load')
    await expect(ring.find(9)).rejects.toMatchObject(UNAVAILABLE)
    world.faults.clear()
    world.at += 1_000
    expect(await ring.find(9)).toBeUndefined()
  })
})

describe('tokens of a ring', () => {
  const aad = Buffer.from('of this deployment')

  test('open on another instance', async () => {
    const world = await aWorld()
    const here = revisionTokens({ ring: world.open(), aad })
    const there = revisionTokens({ ring: world.open(), aad })
    expect(await there.open(await here.seal([ENTRY]))).toEqual([ENTRY])
  })

  test('outlive the rotation of their key', async () => {
    const world = await aWorld()
    const ring = world.open()
    const tokens = revisionTokens({ ring, aad })
    const token = await tokens.seal([ENTRY])
    world.at += 1
    await world.rotate()
    await ring.refresh()
    expect(await tokens.open(token)).toEqual([ENTRY])
  })

  test('of another deployment, or none at all, are no good', async () => {
    const world = await aWorld()
    const ring = world.open()
    const token = await revisionTokens({ ring, aad: Buffer.from('another') }).seal([ENTRY])
    const tokens = revisionTokens({ ring, aad })
    expect(await tokens.open(token)).toBeUndefined()
    expect(await tokens.open('no token')).toBeUndefined()
  })

  test('that are garbage are told so even in an outage', async () => {
    const world = await aWorld()
    world.faults.add('load')
    const tokens = revisionTokens({ ring: world.open(), aad })
    expect(await tokens.open('no token')).toBeUndefined()
  })
})
