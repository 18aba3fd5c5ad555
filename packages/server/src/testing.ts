import type { ServerConfig } from './config.ts'

/** How tests serve: on a free port of the loopback, with short waits. */
export function testServerConfig(overrides: Partial<ServerConfig> = {}): ServerConfig {
  return {
    port: 0,
    host: '127.0.0.1',
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    keepAliveTimeoutMs: 5_000,
    shutdownTimeoutMs: 5_000,
    maxConnections: 0,
    jobToken: undefined,
    ...overrides,
  }
}
