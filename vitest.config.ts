import { defineConfig } from 'vitest/config'

export default defineConfig({
  ssr: { resolve: { conditions: ['@ens/source', 'node', 'module'] } },
  test: {
    include: ['{packages,services}/*/src/**/*.test.ts', '{bench,scripts,test}/**/*.test.ts'],
    globalSetup: './packages/embedded-postgres/src/test-database.ts',
    reporters: ['default', './scripts/closing-line.ts'],
    isolate: false,
    // A machine may name its own authorities for gRPC; then none that a test trusts would count.
    env: { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: '' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
