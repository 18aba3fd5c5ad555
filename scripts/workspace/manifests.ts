import { isDeepStrictEqual } from 'node:util'
import type { Member, Workspace } from './workspace.ts'

const FILES = ['dist', '!dist/**/*.{test,providers}.*']

/** Every package.json says the same things in the same way, and its doors lead to files that exist. */
export function manifestProblems(workspace: Workspace): string[] {
  return workspace.members.flatMap((member) => {
    const problems = [
      ...identityProblems(member),
      ...exportProblems(workspace, member),
      ...versionProblems(member),
    ]
    return problems.map((problem) => `${member.path}/package.json: ${problem}`)
  })
}

function identityProblems({ name, manifest }: Member): string[] {
  const wanted = { name: `@ens/${name}`, private: true, type: 'module', files: FILES }
  return Object.entries(wanted)
    .filter(([field, value]) => !isDeepStrictEqual(manifest[field as keyof typeof wanted], value))
    .map(([field, value]) => `"${field}" should be ${JSON.stringify(value)}`)
}

function exportProblems(workspace: Workspace, { kind, path, manifest }: Member): string[] {
  const doors = Object.entries(manifest.exports ?? {})
  if (kind === 'service') return doors.length > 0 ? ['a service exports nothing'] : []
  if (!manifest.exports?.['.']) return ['a package exports "."']
  return doors.flatMap(([door, conditions]) => {
    const file = door === '.' ? 'index' : door.slice(2)
    const wanted = { '@ens/source': `./src/${file}.ts`, default: `./dist/${file}.js` }
    if (JSON.stringify(conditions) !== JSON.stringify(wanted))
      return [`"${door}" should be ${JSON.stringify(wanted)}`]
    return workspace.exists(`${path}/src/${file}.ts`) ? [] : [`"${door}" leads nowhere`]
  })
}

/** One version of everything: ours from the workspace, the others from the catalog. */
function versionProblems({ manifest }: Member): string[] {
  const all = { ...manifest.dependencies, ...manifest.devDependencies }
  return Object.entries(all).flatMap(([name, version]) => {
    const wanted = name.startsWith('@ens/') ? 'workspace:*' : 'catalog:'
    return version === wanted ? [] : [`${name} should be "${wanted}"`]
  })
}
