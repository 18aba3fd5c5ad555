import { isDeepStrictEqual } from 'node:util'
import type { Member, Workspace } from './workspace.ts'

interface TypeScriptConfig {
  extends?: string
  compilerOptions?: Record<string, string>
  include?: string[]
  references?: { path: string }[]
}

const MEMBER = {
  extends: '../../tsconfig.base.json',
  compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/.tsbuildinfo' },
  include: ['src'],
}

/** `tsc -b` builds what a tsconfig refers to: exactly what its package.json depends on, and the root everything. */
export async function referenceProblems(workspace: Workspace): Promise<string[]> {
  const paths = workspace.members.map(({ path }) => path)
  const everything = [...paths, 'scripts', 'test', 'bench']
  const problems = await Promise.all([
    ...workspace.members.map((member) => memberProblems(workspace, member)),
    compareReferences(workspace, '.', everything),
    compareReferences(workspace, 'scripts', paths),
    compareReferences(workspace, 'test', paths),
    compareReferences(workspace, 'bench', paths),
  ])
  return problems.flat()
}

async function memberProblems(workspace: Workspace, member: Member): Promise<string[]> {
  const { references: _, ...rest } = await workspace.readJson<TypeScriptConfig>(
    `${member.path}/tsconfig.json`,
  )
  const differs = isDeepStrictEqual(rest, MEMBER)
    ? []
    : [`${member.path}/tsconfig.json: differs from the others in more than its references`]
  return [
    ...differs,
    ...(await compareReferences(workspace, member.path, dependencies(workspace, member))),
  ]
}

function dependencies({ members }: Workspace, { manifest }: Member): string[] {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  return members
    .filter(({ name, kind }) => kind === 'package' && names.includes(`@ens/${name}`))
    .map(({ path }) => path)
}

async function compareReferences(
  workspace: Workspace,
  path: string,
  wanted: string[],
): Promise<string[]> {
  const file = `${path}/tsconfig.json`.replace('./', '')
  const { references = [] } = await workspace.readJson<TypeScriptConfig>(file)
  const found = references.map((reference) => fromRoot(path, reference.path))
  return [
    ...wanted
      .filter((name) => !found.includes(name))
      .map((name) => `${file}: does not refer to ${name}`),
    ...found
      .filter((name) => !wanted.includes(name))
      .map((name) => `${file}: refers to ${name}, which it does not depend on`),
  ]
}

const fromRoot = (path: string, reference: string) =>
  decodeURIComponent(new URL(reference, `file:///${path}/`).pathname.slice(1))
