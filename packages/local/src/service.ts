import { open } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { startChild } from '@ens/embedded-postgres'
import { describeEnd, lastLines } from './describe-end.ts'
import { memberFailed } from './errors.ts'
import type { Member } from './fleet.ts'
import { rotateLog } from './folder.ts'

const GRACE_SECONDS = 15
const HEALTHY_WITHIN_MS = 60_000

export interface ServiceOptions {
  name: string
  /** The module that runs it, from source. */
  entry: string
  env: NodeJS.ProcessEnv
  /** Begun anew with each start; the one before is kept beside it, as `.1`. */
  logFile: string
  /** Answers 200 once the service is ready for work. */
  healthUrl: string
}

export interface Service extends Member {
  /** Resolves once the service answers; throws `local_member_failed` with the end of its log if it does not come to that. */
  healthy(): Promise<void>
}

/** Starts a service as a process that cannot outlive this one. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { name, entry, env, logFile } = options
  await rotateLog(logFile)
  const log = await open(logFile, 'a', 0o600)
  const child = startChild({
    name,
    command: process.execPath,
    args: [...process.execArgv, entry],
    env,
    signal: 'TERM',
    graceSeconds: GRACE_SECONDS,
    output: log.fd,
  })
  await log.close()
  const ended = child.ended.then(({ code }) => describeEnd(name, code, logFile))
  return { name, ended, stop: () => child.stop(), healthy: () => waitForHealth(options, ended) }
}

async function waitForHealth(
  { name, healthUrl, logFile }: ServiceOptions,
  ended: Promise<string>,
): Promise<void> {
  const end = new AbortController()
  let reason = ''
  void ended.then((why) => {
    reason = why
    end.abort()
  })
  const signal = AbortSignal.any([end.signal, AbortSignal.timeout(HEALTHY_WITHIN_MS)])
  while (!signal.aborted) {
    if (await answersWell(healthUrl, signal)) return
    await pause(30, undefined, { signal }).catch(() => {})
  }
  throw memberFailed(reason || `${name} is not healthy; ${await lastLines(logFile)}`)
}

async function answersWell(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const reply = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]),
    })
    await reply.text()
    return reply.ok
  } catch {
    return false
  }
}
