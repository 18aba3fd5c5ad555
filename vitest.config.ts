import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { describeSettings, readSettings } from './packages/property-tests/src/settings.ts'

const propertyTests = readSettings(process.env)
const described = describeSettings(propertyTests)
if (described !== undefined) console.log(described)

export default defineConfig({
  // Not `module`: it leads to code for bundlers, which Node, who loads dependencies, cannot import.
  ssr: { resolve: { conditions: ['@ens/source', 'node'] } },
  test: {
    include: ['{packages,services}/*/src/**/*.test.ts', '{bench,scripts,test}/**/*.test.ts'],
    globalSetup: './packages/embedded-postgres/src/test-database.ts',
    setupFiles: './packages/property-tests/src/setup.ts',
    provide: { propertyTests },
    reporters: ['default', './scripts/closing-line.ts'],
    isolate: false,
    // Tests wait for databases, processes and deadlines more than they compute.
    maxWorkers: Math.max(2, availableParallelism()),
    // A machine may name its own authorities for gRPC; then none that a test trusts would count.
    env: { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: '' },
    testTimeout: 30_000 * propertyTests.factor,
    hookTimeout: 60_000,
  },
})
