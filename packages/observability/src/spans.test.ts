import { afterEach, expect, test } from 'vitest'
import { setTracing, traceCalls, traceKeyManager } from './spans.ts'

afterEach(() => setTracing(false))

class Store {
  readonly capabilities = { conditionalPut: true }
  #objects = new Map<string, string>()

  async put(name: string, contents: string): Promise<number> {
    this.#objects.set(name, contents)
    return this.#objects.size
  }

  async get(name: string): Promise<string> {
    const found = this.#objects.get(name)
    if (found === undefined) throw Object.assign(new Error('none'), { code: 'object_not_found' })
    return found
  }
}

test('where nothing is traced, a provider is used as it is', () => {
  const store = new Store()
  expect(traceCalls('storage', store, ['put'])).toBe(store)
})

test.each([
  ['with private members', () => new Store()],
  ['that is frozen', () => Object.freeze(new Store())],
])('a provider %s does the same when it is traced', async (_, make) => {
  setTracing(true)
  const traced = traceCalls('storage', make(), ['put'])
  expect(await traced.put('a', 'one')).toBe(1)
  expect(await traced.get('a')).toBe('one')
  expect(traced.capabilities).toEqual({ conditionalPut: true })
  expect(traced).toBeInstanceOf(Store)
})

test('an error comes through as it was', async () => {
  setTracing(true)
  const traced = traceCalls('storage', new Store(), ['get'])
  await expect(traced.get('b')).rejects.toMatchObject({ code: 'object_not_found' })
})

test('the signers of a key manager that is traced are its own', async () => {
  setTracing(true)
  const manager = {
    encrypt: async (text: string) => `sealed ${text}`,
    decrypt: async (text: string) => `opened ${text}`,
    signer: async (id: string) => ({
      publicKey: `public ${id}`,
      sign: async (digest: string) => `${id} signs ${digest}`,
    }),
  }
  const traced = traceKeyManager(manager)
  const signer = await traced.signer('v1')
  expect([await signer.sign('digest'), signer.publicKey]).toEqual(['v1 signs digest', 'public v1'])
  expect(await traced.encrypt('key')).toBe('sealed key')
})
