import { beforeAll, describe, expect, test } from 'vitest'
import { guardedSecretManager } from '../guard.ts'
import type { SecretManager, SecretValue } from '../secret-manager.ts'
import { textOf } from '../value.ts'

/** Makes the provider's other end fail; after `mend` it is as good as new. */
interface SecretFaults {
  /** Every call is refused for want of permission. */
  refuse(): void
  /** The next so many calls are turned away as too many (429, 503 or what the provider does). */
  throttle(calls: number): void
  /** The next answer is cut off midway, once. */
  cut?(): void
  /** No call is answered. */
  hang(): void
  mend(): void
}

export interface SecretManagerUnderTest {
  manager: SecretManager
  /** What leads to the newest version of a stored secret; the name itself unless given. */
  reference?: (name: string) => string
  /** Adds a version (and the secret, if it is new) and returns what leads to just this version. */
  add?: (name: string, value: SecretValue) => Promise<string>
  /** The provider keeps bytes, and `add` takes them. */
  binary?: boolean
  faults?: SecretFaults
}

const STORED = {
  'plain-secret': 'hunter2',
  'secret-of-many-lines': '-----BEGIN-----\nline\n-----END-----\n',
  'secret-with-letters': 'Grüße, 日本 "quoted" \\ $HOME',
}

/** A name, and what the provider would take for a way out of where secrets are kept. */
const HOSTILE = ['', '.', '..', '../plain-secret', 'plain-secret/..', 'a//b', 'a\0b', '/', '..\\x']

const NOT_TEXT = Buffer.from([0xff, 0x00, 0xfe, 0x80])
/** Longer than a provider needs to try again, shorter than a test may take. */
const DEADLINE_MS = 20_000

/**
 * What every secret manager promises. `open` opens one that holds exactly the given secrets; what it can besides (versions,
 * bytes, faults of its other end) it says by the optional members of `SecretManagerUnderTest`, and is then held to.
 */
export function secretManagerContract(
  name: string,
  open: (
    stored: Readonly<Record<string, string>>,
  ) => Promise<SecretManager | SecretManagerUnderTest>,
): void {
  describe(`the secret manager ${name}`, () => {
    let subject: SecretManagerUnderTest
    beforeAll(async () => {
      const opened = await open(STORED)
      subject = 'manager' in opened ? opened : { manager: opened }
    })
    readingPromises(() => subject)
    versionPromises(() => subject)
    troublePromises(() => subject)
  })
}

type Subject = () => SecretManagerUnderTest

/** The newest version, as text. */
async function newest({ manager, reference }: SecretManagerUnderTest, secret: string) {
  const name = reference?.(secret) ?? secret
  return textOf(await manager.get(name), name)
}

function readingPromises(subject: Subject): void {
  test.each(Object.entries(STORED))('gives %s as it was stored', async (secret, value) => {
    expect(await newest(subject(), secret)).toBe(value)
  })

  test('answers many at once', async () => {
    const asked = Object.keys(STORED).map((secret) => newest(subject(), secret))
    expect(await Promise.all(asked)).toEqual(Object.values(STORED))
  })

  test('says of a secret that is not there that it is not there', async () => {
    await expect(newest(subject(), 'no-such-secret')).rejects.toMatchObject({
      kind: 'not-found',
      code: 'secret_not_found',
      message: expect.stringContaining('no-such-secret'),
    })
  })

  test.each(HOSTILE)('finds nothing under the name %j', async (hostile) => {
    const attempt = subject().manager.get(hostile)
    await expect(attempt).rejects.toMatchObject({ code: 'secret_not_found' })
  })
}

function versionPromises(subject: Subject): void {
  test('a pinned version stays what it is, and the newest is the last one added', async () => {
    const { manager, add } = subject()
    if (!add) return expect(add).toBeUndefined()
    const first = await add('rotated', 'one')
    expect(await newest(subject(), 'rotated')).toBe('one')
    const second = await add('rotated', 'two')
    expect(await newest(subject(), 'rotated')).toBe('two')
    expect(textOf(await manager.get(first), first)).toBe('one')
    expect(textOf(await manager.get(second), second)).toBe('two')
  })

  test('gives bytes that are no text as they were stored', async () => {
    const { manager, add, binary = false } = subject()
    if (!add || !binary) return expect(binary).toBe(false)
    expect(await manager.get(await add('binary', NOT_TEXT))).toEqual(NOT_TEXT)
  })
}

function troublePromises(subject: Subject): void {
  /** As `openSecretManager` opens it: with a deadline. */
  async function inTrouble(
    begin: (faults: SecretFaults) => void,
    expectations: (get: (deadlineMs?: number) => Promise<SecretValue>) => Promise<void>,
  ): Promise<void> {
    const { manager, faults, reference } = subject()
    if (!faults) return expect(faults).toBeUndefined()
    const name = reference?.('plain-secret') ?? 'plain-secret'
    begin(faults)
    try {
      await expectations(async (deadlineMs = DEADLINE_MS) => {
        return textOf(await guardedSecretManager(manager, deadlineMs).get(name), name)
      })
    } finally {
      faults.mend()
    }
    expect(await newest(subject(), 'plain-secret')).toBe('hunter2')
  }

  test('says that permission was refused', () =>
    inTrouble(
      (faults) => faults.refuse(),
      async (get) => {
        await expect(get()).rejects.toMatchObject({ code: 'secret_access_denied' })
      },
    ))

  test('tries again when it was throttled', () =>
    inTrouble(
      (faults) => faults.throttle(2),
      async (get) => expect(await get()).toBe('hunter2'),
    ))

  test('gives up when it is throttled without end, by the deadline', () =>
    inTrouble(
      (faults) => faults.throttle(1_000_000),
      async (get) => {
        await expect(get(1500)).rejects.toMatchObject({ code: 'secret_manager_unavailable' })
      },
    ))

  test('gets over an answer that was cut off', () =>
    inTrouble(
      (faults) => faults.cut?.(),
      async (get) => expect(await get()).toBe('hunter2'),
    ))

  test('waits no longer for one that hangs than the deadline', () =>
    inTrouble(
      (faults) => faults.hang(),
      async (get) => {
        await expect(get(300)).rejects.toMatchObject({ code: 'secret_manager_unavailable' })
      },
    ))
}
