import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ExportDeps } from './deps.ts'
import { openSigners } from './open-signers.ts'
import { type TestExporter, testExporter } from './testing/exporter.ts'

let exporter: TestExporter
let batch: { configId: number; signatureInfoIds: number[] }
beforeEach(async () => {
  exporter = await testExporter()
  const signatureInfoIds = [await exporter.addSigner()]
  batch = { configId: await exporter.addConfig({ signatureInfoIds }), signatureInfoIds }
})
afterEach(() => exporter.close())

const { signal } = new AbortController()
const { promise: never } = Promise.withResolvers<never>()
const outOfReach = expect.objectContaining({ code: 'key_manager_unavailable' })

test('a key manager that never answers is not waited for, even if it heeds no signal', async () => {
  const keyManager = { ...exporter.deps.keyManager, signer: () => never }
  await expect(openSigners({ ...exporter.deps, keyManager }, batch, signal, 1)).rejects.toEqual(
    outOfReach,
  )
})

test('a signature that never comes is not waited for', async () => {
  const { keyManager } = exporter.deps
  const hanging: ExportDeps['keyManager'] = {
    ...keyManager,
    signer: async (id) => ({ ...(await keyManager.signer(id)), sign: () => never }),
  }
  const signers = await openSigners({ ...exporter.deps, keyManager: hanging }, batch, signal, 1000)
  const [first] = signers
  await expect(first?.signer.sign(Buffer.alloc(32), { signal })).rejects.toEqual(outOfReach)
})

test('a run that ends while the key manager is asked does not wait for the limit', async () => {
  const controller = new AbortController()
  const keyManager: ExportDeps['keyManager'] = {
    ...exporter.deps.keyManager,
    signer: () => {
      controller.abort(new Error('hung up'))
      return never
    },
  }
  await expect(
    openSigners({ ...exporter.deps, keyManager }, batch, controller.signal),
  ).rejects.toEqual(outOfReach)
})
