import type { LimitsConfig, ServerConfig } from './config.ts'

export { type Dialled, dial } from './testing/dial.ts'

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

/** How tests bound what a service takes: not at all, unless they say. */
export function testLimits(overrides: Partial<LimitsConfig> = {}): LimitsConfig {
  return {
    maxInHand: 0,
    maxEventLoopDelayMs: 0,
    maxPerAddress: 0,
    trustedProxies: [],
    ...overrides,
  }
}
