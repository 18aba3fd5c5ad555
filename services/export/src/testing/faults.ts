import { type Database, databaseUnavailable, type Transaction } from '@ens/database'
import { type KeyManager, keyManagerUnavailable } from '@ens/keys'
import { type Blobstore, storageUnavailable } from '@ens/storage'

/**
 * Called before every step that a fault could hit, and after every one that leaves something behind; throws to be that fault.
 * After a step its effect stays, and only the answer is lost.
 */
export type Hook = (step: string) => Promise<void> | void

/** The same database, with a hook at every statement, piece of a copy, begin and commit. */
export function hookedDatabase(db: Database, hook: Hook): Database {
  return {
    ...db,
    query: (...args) => before(hook, 'query', () => db.query(...args)),
    execute: (...args) => around(hook, 'execute', () => db.execute(...args)),
    transaction: (work, options) =>
      around(hook, 'transaction', () =>
        db.transaction(async (tx) => {
          const result = await work(hookedTransaction(tx, hook))
          await hook('before commit')
          return result
        }, options),
      ),
  }
}

function hookedTransaction(tx: Transaction, hook: Hook): Transaction {
  const hooked: Transaction = {
    ...tx,
    query: (...args) => before(hook, 'query', () => tx.query(...args)),
    execute: (...args) => before(hook, 'execute', () => tx.execute(...args)),
    async *copyOut(...args) {
      for await (const piece of tx.copyOut(...args)) {
        await hook('before piece')
        yield piece
      }
    },
  }
  return hooked
}

/** The same store, with a hook at every operation. */
export function hookedBlobstore<Store extends Blobstore>(store: Store, hook: Hook): Store {
  return {
    ...store,
    create: (...args) => around(hook, 'create', () => store.create(...args)),
    put: (...args) => around(hook, 'put', () => store.put(...args)),
    get: (...args) => before(hook, 'get', () => store.get(...args)),
    delete: (...args) => around(hook, 'delete', () => store.delete(...args)),
  }
}

/** The same keys, with a hook at every use. */
export function hookedKeyManager(keyManager: KeyManager, hook: Hook): KeyManager {
  return {
    ...keyManager,
    signer: (...args) =>
      before(hook, 'signer', async () => {
        const signer = await keyManager.signer(...args)
        return { ...signer, sign: (...given) => before(hook, 'sign', () => signer.sign(...given)) }
      }),
  }
}

async function before<T>(hook: Hook, step: string, work: () => Promise<T>): Promise<T> {
  await hook(`before ${step}`)
  return work()
}

async function around<T>(hook: Hook, step: string, work: () => Promise<T>): Promise<T> {
  const result = await before(hook, step, work)
  await hook(`after ${step}`)
  return result
}

export interface Fault {
  hook: Hook
  /** Which step it hit, if it did. */
  hit: () => string | undefined
}

/** A hook that makes the n-th step fail. */
export function faultAt(n: number): Fault {
  return faultWhere(
    (steps) => steps === n,
    () => true,
  )
}

/** A hook that makes every step fail after the n-th that left something behind, as if the process had been killed. */
export function killAfter(n: number): Fault {
  return faultWhere(
    (steps) => steps >= n,
    (step) => step.startsWith('after'),
  )
}

function faultWhere(isHit: (steps: number) => boolean, counts: (step: string) => boolean): Fault {
  let steps = 0
  let hit: string | undefined
  return {
    hook(step) {
      if (counts(step)) steps++
      else if (hit === undefined) return
      if (!isHit(steps)) return
      hit ??= step
      throw faultOf(step)
    },
    hit: () => hit,
  }
}

function faultOf(step: string): Error {
  const [, what = ''] = step.split(' ')
  if (/^(create|put|get|delete)$/.test(what)) return storageUnavailable(`a fault ${step}`)
  if (/^sign(er)?$/.test(what)) return keyManagerUnavailable(`a fault ${step}`)
  return databaseUnavailable(`a fault ${step}`)
}
