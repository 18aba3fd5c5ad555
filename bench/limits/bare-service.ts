import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Stand } from '../stand/stand.ts'
import { cpuMs, isUsageKnown } from '../stand/usage.ts'

/** What the server is told when it starts. */
export interface BareServerSettings {
  url: string
  connections: number
  /** PEM. */
  publicKey: string
  healthAuthorityId: number
}

export interface BareServer {
  port: number
  /** Processor time so far; undefined where it cannot be known. */
  cpuMs(): number | undefined
}

/** Lends the work a server of fastify, pg and crypto alone, that takes publishes and does no more than it has to. */
export async function withBareServer<T>(
  { configuration }: Pick<Stand, 'configuration'>,
  { url, connections }: Pick<BareServerSettings, 'url' | 'connections'>,
  work: (server: BareServer) => Promise<T>,
): Promise<T> {
  const child = fork(fileURLToPath(new URL('./bare-server.ts', import.meta.url)), {
    execArgv: ['--conditions=@ens/source'],
  })
  try {
    const { authority, healthAuthorityId } = configuration
    const { publicKey } = authority
    child.send({ url, connections, publicKey, healthAuthorityId } satisfies BareServerSettings)
    const [port] = await Promise.race([once(child, 'message'), diesOf(child)])
    return await work({ port, cpuMs: () => (isUsageKnown ? cpuMs(child.pid ?? 0) : undefined) })
  } finally {
    if (child.connected) child.disconnect()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
}

async function diesOf(child: ReturnType<typeof fork>): Promise<never> {
  await once(child, 'exit')
  throw new Error('the bare server has ended')
}
