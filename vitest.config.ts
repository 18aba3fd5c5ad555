import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Not `module`: it leads to code for bundlers, which Node, who loads dependencies, cannot import.
  ssr: { resolve: { conditions: ['@ens/source', 'node'] } },
  test: {
    include: ['{packages,services}/*/src/**/*.test.ts', '{bench,scripts,test}/**/*.test.ts'],
    globalSetup: './packages/embedded-postgres/src/test-database.ts',
    reporters: ['default', './scripts/closing-line.ts'],
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
