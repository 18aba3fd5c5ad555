import { defineConfig } from 'vitest/config'

/** The contract suites against whatever their documented variables point to: real accounts, or servers by other people. */
export default defineConfig({
  ssr: { resolve: { conditions: ['@ens/source', 'node', 'module'] } },
  test: {
    include: ['packages/*/src/**/*.providers.ts'],
    // A provider without its variables registers no test, and is named at the end.
    passWithNoTests: true,
    reporters: ['default', './scripts/not-configured.ts', './scripts/closing-line.ts'],
    testTimeout: 120_000, // a store far away, and 32 MiB objects
    hookTimeout: 120_000,
  },
})
