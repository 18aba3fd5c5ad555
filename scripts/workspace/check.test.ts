import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkWorkspace } from './check.ts'

type Files = Record<string, string>

const json = (value: unknown) => JSON.stringify(value)
const door = (name: string) => ({ '@ens/source': `./src/${name}.ts`, default: `./dist/${name}.js` })
const lines = (count: number) => 'export const line = 1\n'.repeat(count)

const identity = (name: string) => ({
  name: `@ens/${name}`,
  private: true,
  type: 'module',
  files: ['dist', '!dist/**/*.{test,providers}.*'],
})

const domainManifest = {
  ...identity('domain'),
  exports: { '.': door('index') },
  dependencies: { zod: 'catalog:' },
}

const exportManifest = { ...identity('export'), dependencies: { '@ens/domain': 'workspace:*' } }

const tsconfig = (...references: string[]) => ({
  extends: '../../tsconfig.base.json',
  compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/.tsbuildinfo' },
  include: ['src'],
  references: references.map((path) => ({ path })),
})

const references = (...paths: string[]) => json({ references: paths.map((path) => ({ path })) })

const README = '# A title\n\nWhat it is.\n\nWhat it promises.\n'

const SOUND: Files = {
  'tsconfig.json': references('packages/domain', 'services/export', 'scripts', 'test', 'bench'),
  'scripts/tsconfig.json': references('../packages/domain', '../services/export'),
  'test/tsconfig.json': references('../packages/domain', '../services/export'),
  'bench/tsconfig.json': references('../packages/domain', '../services/export'),
  'packages/domain/package.json': json(domainManifest),
  'packages/domain/tsconfig.json': json(tsconfig()),
  'packages/domain/README.md': README,
  'packages/domain/src/index.ts': "export * from './interval.ts'\n",
  'services/export/package.json': json(exportManifest),
  'services/export/tsconfig.json': json(tsconfig('../../packages/domain')),
  'services/export/README.md': README,
  'services/export/src/main.ts': 'await start()\n',
  'migrations/000001_lock.sql':
    '-- Up Migration\n\ncreate table lock ();\n\n-- Down Migration\n\ndrop table lock;\n',
  'docs/decisions/0001-one.md': '# One\n\n## Context\n\n## Decision\n\n## Consequences\n',
  'README.md':
    '[the decisions](docs/decisions/0001-one.md#decision), [elsewhere](https://example.org)',
}

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'a workspace '))
})

afterEach(() => rm(root, { recursive: true }))

async function problemsOf(files: Files): Promise<string[]> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return checkWorkspace(root)
}

test('a sound workspace has no problem', async () => {
  expect(await problemsOf(SOUND)).toEqual([])
})

test('what was installed, built or generated is not looked at', async () => {
  const files = {
    'packages/domain/node_modules/x/package.json': '{}',
    'packages/domain/dist/index.ts': '',
    'packages/domain/src/gen/Messages_pb.ts': lines(1000),
  }
  expect(await problemsOf({ ...SOUND, ...files })).toEqual([])
})

const manifest = (path: string, whole: object, change: object) => ({
  [`${path}/package.json`]: json({ ...whole, ...change }),
})

test.each<[string, Files, string]>([
  [
    'a package with another name',
    manifest('packages/domain', domainManifest, { name: '@ens/other' }),
    'packages/domain/package.json: "name" should be "@ens/domain"',
  ],
  [
    'a package that could be published',
    manifest('packages/domain', domainManifest, { private: false }),
    'packages/domain/package.json: "private" should be true',
  ],
  [
    'a package without a door',
    manifest('packages/domain', domainManifest, { exports: {} }),
    'packages/domain/package.json: a package exports "."',
  ],
  [
    'a door to built files only',
    manifest('packages/domain', domainManifest, {
      exports: { '.': { default: './dist/index.js' } },
    }),
    `packages/domain/package.json: "." should be ${json(door('index'))}`,
  ],
  [
    'a door to a file that is not there',
    manifest('packages/domain', domainManifest, {
      exports: { '.': door('index'), './testing': door('testing') },
    }),
    'packages/domain/package.json: "./testing" leads nowhere',
  ],
  [
    'a service that others could import',
    manifest('services/export', exportManifest, { exports: { '.': door('main') } }),
    'services/export/package.json: a service exports nothing',
  ],
  [
    'a version beside the catalog',
    manifest('packages/domain', domainManifest, { devDependencies: { vitest: '5.1.1' } }),
    'packages/domain/package.json: vitest should be "catalog:"',
  ],
  [
    'a dependency without its reference',
    { 'services/export/tsconfig.json': json(tsconfig()) },
    'services/export/tsconfig.json: does not refer to packages/domain',
  ],
  [
    'a reference without its dependency',
    manifest('services/export', exportManifest, { dependencies: {} }),
    'services/export/tsconfig.json: refers to packages/domain, which it does not depend on',
  ],
  [
    'a service that the root does not build',
    { 'tsconfig.json': references('packages/domain', 'scripts', 'test', 'bench') },
    'tsconfig.json: does not refer to services/export',
  ],
  [
    'a package with compiler options of its own',
    {
      'packages/domain/tsconfig.json': json({
        ...tsconfig(),
        compilerOptions: { ...tsconfig().compilerOptions, strict: false },
      }),
    },
    'packages/domain/tsconfig.json: differs from the others in more than its references',
  ],
  [
    'a README that goes on and on',
    { 'packages/domain/README.md': `${README}${'More of it.\n'.repeat(28)}` },
    'packages/domain/README.md: has 31 lines of text; 30 are enough',
  ],
  [
    'a README that is only a title',
    { 'packages/domain/README.md': '# Domain\n' },
    'packages/domain/README.md: says too little',
  ],
  [
    'a file that holds nothing yet',
    { 'packages/domain/src/later.ts': '// soon\nexport {}\n' },
    'packages/domain/src/later.ts: is empty',
  ],
  [
    'a file in another case',
    { 'packages/domain/src/exposureKey.ts': lines(1) },
    'packages/domain/src/exposureKey.ts: should be named in kebab-case',
  ],
  [
    'a folder in another case',
    { 'packages/domain/src/TheKeys/key.ts': lines(1) },
    'packages/domain/src/TheKeys/key.ts: should be named in kebab-case',
  ],
  [
    'a file for everything',
    { 'packages/domain/src/everything.ts': lines(301) },
    'packages/domain/src/everything.ts: has 301 lines; over 300 it holds more than one idea',
  ],
  [
    'a migration out of turn',
    { 'migrations/000003_late.sql': SOUND['migrations/000001_lock.sql'] ?? '' },
    'migrations/000003_late.sql: should have number 2',
  ],
  [
    'a migration that cannot be taken back',
    {
      'migrations/000002_way.sql':
        '-- Up Migration\ncreate table way ();\n-- Down Migration\n-- no\n',
    },
    'migrations/000002_way.sql: should have "-- Up Migration", statements, "-- Down Migration", statements',
  ],
  [
    'a default that asks the clock',
    {
      'migrations/000002_clock.sql':
        '-- Up Migration\ncreate table t (at timestamptz default now());\n-- Down Migration\ndrop table t;\n',
    },
    'migrations/000002_clock.sql: asks the clock; the time is an argument',
  ],
  [
    'a decision without consequences',
    { 'docs/decisions/0002-two.md': '# Two\n\n## Context\n\n## Decision\n' },
    'docs/decisions/0002-two.md: lacks "## Consequences"',
  ],
  [
    'a decision out of turn',
    { 'docs/decisions/0003-two.md': SOUND['docs/decisions/0001-one.md'] ?? '' },
    'docs/decisions/0003-two.md: should have number 0002',
  ],
  [
    'a link to a page that is gone',
    { 'docs/page.md': '[gone](../gone.md)' },
    'docs/page.md: links to ../gone.md, which is not there',
  ],
])('%s is one problem, named with its file', async (_, planted, problem) => {
  expect(await problemsOf({ ...SOUND, ...planted })).toEqual([problem])
})

test('a migration may ask the clock when it says that this is on purpose', async () => {
  const text = [
    '-- Up Migration',
    '-- The clock is asked on purpose: whether two clocks agree is the question.',
    'create function f() returns timestamptz language sql as $$ select clock_timestamp() $$;',
    '-- Down Migration',
    'drop function f();',
  ]
  const planted = { 'migrations/000002_clock.sql': `${text.join('\n')}\n` }
  expect(await problemsOf({ ...SOUND, ...planted })).toEqual([])
})

test('a package without a README is a problem', async () => {
  const { 'packages/domain/README.md': _, ...rest } = SOUND
  expect(await problemsOf(rest)).toEqual(['packages/domain/README.md: is missing'])
})
