import { isVaultUnreachable, type Vault, type VaultAnswer, type VaultRequest } from '@ens/vault'
import type { z } from 'zod'
import { keyAccessDenied, keyManagerUnavailable, keyNotFound } from '../errors.ts'
import type { TransitKey } from './key-id.ts'

export interface TransitCall extends Omit<VaultRequest, 'path'> {
  key: TransitKey
  /** Below the mount. */
  path: string[]
  /** Of a refusal that the caller judges itself, beside 400. */
  judged?: number
}

/** An answer that the caller has to judge: 200, 204, 400 or the one `judged`. The others have become errors. */
export async function callTransit(vault: Vault, call: TransitCall): Promise<VaultAnswer> {
  const { key, path, judged = 400, ...request } = call
  const answer = await askVault(vault, { ...request, path: [...key.mount, ...path] })
  if (answer.status < 300 || [400, judged].includes(answer.status)) return answer
  throw refusal(answer, key)
}

async function askVault(vault: Vault, request: VaultRequest): Promise<VaultAnswer> {
  try {
    return await vault.request(request)
  } catch (cause) {
    throw isVaultUnreachable(cause) ? keyManagerUnavailable(cause.message, { cause }) : cause
  }
}

function refusal(answer: VaultAnswer, { id }: TransitKey): Error {
  const cause = causeOf(answer)
  switch (answer.status) {
    case 403:
      return keyAccessDenied(`Vault refuses this token the key ${id}`, { cause })
    case 404:
      return keyNotFound(`Vault has no key ${id}, or no transit engine there`, { cause })
    default:
      return keyManagerUnavailable(`Vault answered ${answer.status}`, { cause })
  }
}

export function causeOf({ status, words }: VaultAnswer): Error {
  return new Error(`Vault answered ${status}: ${words}`)
}

/** The `data` of a good answer. */
export function dataOf<T extends z.ZodType>(schema: T, answer: VaultAnswer): z.output<T> {
  const data = (answer.body as { data?: unknown } | undefined)?.data
  const parsed = schema.safeParse(data)
  if (answer.status === 200 && parsed.success) return parsed.data
  throw keyManagerUnavailable('Vault gave an answer of another form than documented', {
    cause: causeOf(answer),
  })
}
