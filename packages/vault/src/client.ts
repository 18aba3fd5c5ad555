import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { configInvalid } from '@ens/config'
import { attempt, type Connection, TOKEN } from './attempt.ts'
import type { VaultConfig } from './config.ts'
import { isVaultUnreachable, VaultUnreachable } from './unreachable.ts'

export interface VaultRequest {
  /** Below `/v1/`; each segment is encoded. */
  path: string[]
  query?: Record<string, string>
  /** With a body it is a POST, without one a GET. */
  body?: Record<string, unknown>
  /**
   * A second time does no harm: it is tried again even if the first may have been carried out. True unless said; otherwise it
   * is tried again only when it is certain that it was not.
   */
  repeatable?: boolean
  signal?: AbortSignal | undefined
}

export interface VaultAnswer {
  status: number
  /** The parsed JSON; undefined if the answer was empty. */
  body: unknown
  /** What Vault said of a refusal, for the cause of an error; the token is struck out. */
  words: string
}

export interface Vault {
  /** Any answer but "later" is one, refusals too. Throws an error that `isVaultUnreachable` when there is none. */
  request(request: VaultRequest): Promise<VaultAnswer>
}

/**
 * Statuses of requests that were turned away: too many, sealed or in maintenance (503), a standby that has not caught up
 * (412, 472, 473). https://developer.hashicorp.com/vault/api-docs#http-status-codes
 */
const TURNED_AWAY: ReadonlySet<number> = new Set([412, 429, 472, 473, 503])
/** Vault, or what stands before it, got no good answer from another: whether the request was carried out, nobody knows. */
const BAD_GATEWAY = 502
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

export function openVault(config: VaultConfig | undefined): Vault {
  const connection = connectionOf(config)
  return {
    async request(request) {
      const deadline = AbortSignal.timeout(connection.timeoutMs)
      const { signal: callers } = request
      const signal = callers ? AbortSignal.any([callers, deadline]) : deadline
      return answerTo(connection, request, signal)
    },
  }
}

async function answerTo(
  connection: Connection,
  request: VaultRequest,
  signal: AbortSignal,
): Promise<VaultAnswer> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const outcome = await attemptOnce(connection, request, signal)
    if (!(outcome instanceof Error)) return outcome
    await pause(pauseMs, signal, outcome)
  }
}

/** An answer, or why to try again. Throws what trying again does not mend, or must not be tried again. */
async function attemptOnce(
  connection: Connection,
  request: VaultRequest,
  signal: AbortSignal,
): Promise<VaultAnswer | Error> {
  try {
    const answer = await attempt(connection, request, signal)
    if (!comesBack(answer, request)) return answer
    return new Error(`Vault answered ${answer.status}: ${answer.words}`)
  } catch (error) {
    if (isVaultUnreachable(error) && mayRepeat(error, request)) return error
    throw error
  }
}

function comesBack({ status }: VaultAnswer, { repeatable = true }: VaultRequest): boolean {
  return TURNED_AWAY.has(status) || (status === BAD_GATEWAY && repeatable)
}

function mayRepeat({ reason }: VaultUnreachable, { repeatable = true }: VaultRequest): boolean {
  return reason === 'not-asked' || (reason === 'lost' && repeatable)
}

/** Up to half as long again, so that those who were turned away together do not come back together. */
async function pause(ms: number, signal: AbortSignal, problem: unknown): Promise<void> {
  try {
    await sleep(ms + randomInt(Math.ceil(ms / 2)), undefined, { signal })
  } catch {
    throw new VaultUnreachable('lost', 'Vault did not answer in time', problem)
  }
}

function connectionOf(config: VaultConfig | undefined): Connection & { timeoutMs: number } {
  if (!config?.address) throw configInvalid('VAULT_ADDR: required for HASHICORP_VAULT, but not set')
  if (config.token !== undefined && !TOKEN.test(config.token))
    throw configInvalid('VAULT_TOKEN: holds characters that no token has')
  return { ...config, base: baseOf(config.address) }
}

function baseOf(address: string): URL {
  const url = URL.parse(address)
  if (!url || !/^https?:$/.test(url.protocol))
    throw configInvalid('VAULT_ADDR: not an http or https URL')
  if (url.username || url.password) throw configInvalid('VAULT_ADDR: must hold no credential')
  return url
}
