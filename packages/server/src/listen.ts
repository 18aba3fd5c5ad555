import type { App } from './app.ts'
import type { ServerConfig } from './config.ts'
import { cannotListen, portTaken } from './errors.ts'

/** Listens where the settings say. Throws `port_taken` or `cannot_listen`, which name the setting to change. */
export async function listen(app: App, { host, port }: ServerConfig): Promise<void> {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listens on ${address}` })
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause && 'code' in cause)) throw cause
    if (cause.code === 'EADDRINUSE')
      throw portTaken(`port ${port} is taken by another process; set PORT to a free one`, { cause })
    const where = `${host}, port ${port}: ${cause.message}`
    throw cannotListen(`cannot listen on ${where}; set HOST or PORT`, { cause })
  }
}
