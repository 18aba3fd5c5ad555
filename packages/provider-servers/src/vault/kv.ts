import { done, found, mistaken, nothing, type VaultQuestion, type VaultReply } from './answer.ts'

/** A store that keeps one value per path. https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v1 */
export function kvVersion1() {
  const secrets = new Map<string, unknown>()
  return ({ method, path, body }: VaultQuestion): VaultReply => {
    const name = path.join('/')
    if (method === 'GET') return secrets.has(name) ? found(secrets.get(name)) : nothing
    if (method === 'DELETE') secrets.delete(name)
    else secrets.set(name, body)
    return done
  }
}

interface Version {
  data: unknown
  created: string
  deleted: string
}

/** A store that keeps versions. https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 */
export function kvVersion2() {
  const secrets = new Map<string, Version[]>()
  const handlers: Record<string, (name: string, question: VaultQuestion) => VaultReply> = {
    data: (name, question) => {
      const versions = secrets.get(name) ?? []
      if (question.method === 'GET') return read(versions, Number(question.query.get('version')))
      if (question.method === 'DELETE') return remove(versions)
      return write(secrets, name, question.body)
    },
  }
  return (question: VaultQuestion): VaultReply => {
    const [kind = '', ...name] = question.path
    const handle = handlers[kind]
    if (handle && name.length > 0) return handle(name.join('/'), question)
    return { ...found(null), status: 404 } // with a warning that the path is one of version 1
  }
}

function read(versions: Version[], asked: number): VaultReply {
  const number = asked || versions.length
  const version = versions[number - 1]
  if (!version) return nothing
  const metadata = metadataOf(version, number)
  if (version.deleted === '') return found({ data: version.data, metadata })
  return { ...found({ data: null, metadata }), status: 404 }
}

function write(
  secrets: Map<string, Version[]>,
  name: string,
  { data, options }: Record<string, unknown>,
): VaultReply {
  if (typeof data !== 'object') return mistaken('no data provided')
  const versions = secrets.get(name) ?? []
  const { cas } = (options ?? {}) as { cas?: number }
  if (cas !== undefined && cas !== versions.length)
    return mistaken('check-and-set parameter did not match the current version')
  const version = { data, created: new Date().toISOString(), deleted: '' }
  secrets.set(name, [...versions, version])
  return found(metadataOf(version, versions.length + 1))
}

function remove(versions: Version[]): VaultReply {
  const newest = versions.at(-1)
  if (newest) newest.deleted ||= new Date().toISOString()
  return done
}

function metadataOf({ created, deleted }: Version, version: number) {
  return {
    created_time: created,
    custom_metadata: null,
    deletion_time: deleted,
    destroyed: false,
    version,
  }
}
