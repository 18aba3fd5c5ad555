import { beforeAll, describe, expect, test } from 'vitest'
import type { SecretManager } from '../secret-manager.ts'

const STORED = {
  'plain-secret': 'hunter2',
  'secret-of-many-lines': '-----BEGIN-----\nline\n-----END-----\n',
  'secret-with-letters': 'Grüße, 日本 "quoted" \\ $HOME',
}

/** A name, and what the provider would take for a way out of where secrets are kept. */
const HOSTILE = ['', '.', '..', '../plain-secret', 'plain-secret/..', 'a//b', 'a\0b', '/', '..\\x']

/** What every secret manager promises. `open` opens one that holds exactly the given secrets, under exactly these names. */
export function secretManagerContract(
  name: string,
  open: (stored: Readonly<Record<string, string>>) => Promise<SecretManager>,
): void {
  describe(`the secret manager ${name}`, () => {
    let manager: SecretManager
    beforeAll(async () => {
      manager = await open(STORED)
    })

    test.each(Object.entries(STORED))('gives %s as it was stored', async (secret, value) => {
      expect(await manager.get(secret)).toBe(value)
    })

    test('answers many at once', async () => {
      const asked = Object.keys(STORED).map((secret) => manager.get(secret))
      expect(await Promise.all(asked)).toEqual(Object.values(STORED))
    })

    test('says of a secret that is not there that it is not there', async () => {
      await expect(manager.get('no-such-secret')).rejects.toMatchObject({
        kind: 'not-found',
        code: 'secret_not_found',
        message: expect.stringContaining('no-such-secret'),
      })
    })

    test.each(HOSTILE)('finds nothing under the name %j', async (hostile) => {
      await expect(manager.get(hostile)).rejects.toMatchObject({ code: 'secret_not_found' })
    })
  })
}
