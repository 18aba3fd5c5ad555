import { expect, test } from 'vitest'
import { cachingSecretManager } from './caching.ts'
import { secretManagerUnavailable, secretNotFound } from './errors.ts'
import { expandingSecretManager } from './expand.ts'

const MINUTE = 60_000

/** A cache of a minute before a provider that answers as told, and a clock that stands still. */
function aCache(answer: (asked: number) => Promise<string>, staleMs = 0) {
  let asked = 0
  let at = 0
  const troubles: unknown[] = []
  const provider = { get: () => answer(++asked) }
  const cache = cachingSecretManager(provider, {
    ttlMs: MINUTE,
    staleMs,
    patienceMs: 20,
    now: () => new Date(at),
    onTrouble: (error) => troubles.push(error),
  })
  return { cache, troubles, wait: (ms: number) => (at += ms), asked: () => asked }
}

const outage = secretManagerUnavailable('out of reach')
const firstThen = (later: () => Promise<string>) => (asked: number) =>
  asked === 1 ? Promise.resolve('first') : later()

test('asks once for many that want one secret, and sees a rotation after its time', async () => {
  const { cache, wait } = aCache(async (asked) => `answer ${asked}`)
  expect(await Promise.all([cache.get('s'), cache.get('s')])).toEqual(['answer 1', 'answer 1'])
  wait(MINUTE - 1)
  expect(await cache.get('s')).toBe('answer 1')
  wait(1)
  expect(await Promise.all([cache.get('s'), cache.get('s')])).toEqual(['answer 2', 'answer 2'])
})

test('asks anew for one who doubts a value, but not for a value just read', async () => {
  const { cache, wait } = aCache(async (asked) => `answer ${asked}`)
  await cache.get('s')
  wait(5000)
  expect(await cache.get('s', { maxAgeMs: 5000 })).toBe('answer 1')
  wait(1)
  expect(await cache.get('s', { maxAgeMs: 5000 })).toBe('answer 2')
  expect(await cache.get('s', { maxAgeMs: 5000 })).toBe('answer 2')
})

test('does not remember a failure', async () => {
  const { cache } = aCache(async (asked) => (asked === 1 ? Promise.reject(outage) : 'back'))
  await expect(Promise.all([cache.get('s'), cache.get('s')])).rejects.toBe(outage)
  expect(await cache.get('s')).toBe('back')
})

test('in times of trouble the last value serves, is warned of, and is not asked for by everyone', async () => {
  const { cache, troubles, wait, asked } = aCache(
    firstThen(() => Promise.reject(outage)),
    5 * MINUTE,
  )
  await cache.get('s')
  wait(MINUTE)
  expect(await cache.get('s')).toBe('first')
  expect(await cache.get('s')).toBe('first')
  expect(troubles).toEqual([outage])
  expect(asked()).toBe(2)
  wait(10_000)
  expect(await cache.get('s')).toBe('first')
  expect(asked()).toBe(3)
})

test('but not for longer than allowed', async () => {
  const { cache, wait } = aCache(
    firstThen(() => Promise.reject(outage)),
    5 * MINUTE,
  )
  await cache.get('s')
  wait(6 * MINUTE - 1)
  expect(await cache.get('s')).toBe('first')
  wait(1)
  await expect(cache.get('s')).rejects.toBe(outage)
})

test('a secret that is gone is gone, and comes back only from the provider', async () => {
  const gone = secretNotFound('gone')
  const { cache, wait } = aCache(
    firstThen(() => Promise.reject(gone)),
    5 * MINUTE,
  )
  await cache.get('s')
  wait(MINUTE)
  await expect(cache.get('s')).rejects.toBe(gone)
  await expect(cache.get('s')).rejects.toBe(gone)
})

test('a provider that hangs delays the last value a little, once, and its late answer counts', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const { cache, troubles, wait } = aCache(
    firstThen(() => promise),
    5 * MINUTE,
  )
  await cache.get('s')
  wait(MINUTE)
  expect(await cache.get('s')).toBe('first')
  expect(troubles).toEqual([new Error('no answer within 20 ms')])
  resolve('second')
  await expect.poll(() => cache.get('s')).toBe('second')
})

test('a caller who stops waiting is free, and the others get their answer', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const { cache } = aCache(() => promise)
  const impatient = cache.get('s', { signal: AbortSignal.timeout(1) })
  const patient = cache.get('s')
  await expect(impatient).rejects.toMatchObject({ code: 'secret_manager_unavailable' })
  resolve('late')
  expect(await patient).toBe('late')
})

test('two texts of one JSON secret are one question', async () => {
  const { cache, asked } = aCache(async () => '{"user":"gandalf","password":"mellon"}')
  const expanding = expandingSecretManager(cache)
  const both = [expanding.get('db.user'), expanding.get('db.password')]
  expect(await Promise.all(both)).toEqual(['gandalf', 'mellon'])
  expect(asked()).toBe(1)
})
