import type { App } from './app.ts'
import type { ServerConfig } from './config.ts'
import { portTaken } from './errors.ts'

/** Listens where the settings say. Throws `port_taken`, which names the setting to change. */
export async function listen(app: App, { host, port }: ServerConfig): Promise<void> {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listens on ${address}` })
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause
    throw portTaken(`port ${port} is taken by another process; set PORT to a free one`, { cause })
  }
}
