import { randomUUID } from 'node:crypto'
import { Exception, jsonService, type Operation, textOf } from './json.ts'
import { type AwsServer, serveAws } from './server.ts'

export interface SecretsManagerServer extends AwsServer {
  /** Stores a new version of a secret, which becomes the current one, and returns its id. */
  store(name: string, value: string | Uint8Array): string
  /** As after `DeleteSecret`: the secret is there for some days yet, and cannot be read. */
  scheduleDeletion(name: string): void
}

interface Version {
  id: string
  value: string | Uint8Array
  createdAt: Date
}

interface Secret {
  name: string
  arn: string
  /** Oldest first; the last is AWSCURRENT, the one before it AWSPREVIOUS. */
  versions: Version[]
  isDeleted: boolean
}

/** AWS Secrets Manager, as far as secrets are read: https://docs.aws.amazon.com/secretsmanager/latest/apireference/ */
export async function secretsManagerServer(): Promise<SecretsManagerServer> {
  const secrets = new Map<string, Secret>()
  const operations = { GetSecretValue: getSecretValue(secrets) }
  const server = await serveAws(jsonService('secretsmanager', 'secretsmanager', operations))
  return {
    ...server,
    store(name, value) {
      const secret = secrets.get(name) ?? { name, arn: arnOf(name), versions: [], isDeleted: false }
      const id = randomUUID()
      secret.versions.push({ id, value, createdAt: new Date() })
      secrets.set(name, secret)
      return id
    },
    scheduleDeletion(name) {
      const secret = secrets.get(name)
      if (secret) secret.isDeleted = true
    },
  }
}

function arnOf(name: string): string {
  const suffix = randomUUID().slice(0, 6)
  return `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}-${suffix}`
}

function getSecretValue(secrets: Map<string, Secret>): Operation {
  return (input) => {
    const secret = find(secrets, textOf(input, 'SecretId'))
    if (secret.isDeleted)
      throw new Exception('InvalidRequestException', 'the secret is marked for deletion')
    const version = secret.versions.find((one) => isAsked(secret, one, input))
    if (!version)
      throw new Exception('ResourceNotFoundException', 'the secret has no such version or stage')
    const { value, createdAt } = version
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      VersionStages: stagesOf(secret, version),
      CreatedDate: createdAt.getTime() / 1000,
      ...(typeof value === 'string'
        ? { SecretString: value }
        : { SecretBinary: Buffer.from(value).toString('base64') }),
    }
  }
}

/** By name or by ARN, with or without the six characters at its end. */
function find(secrets: Map<string, Secret>, id: string): Secret {
  const found = [...secrets.values()].find(
    ({ name, arn }) => id === name || id === arn || id === arn.slice(0, -'-abcdef'.length),
  )
  if (found) return found
  throw new Exception('ResourceNotFoundException', 'there is no such secret')
}

/** Both the version and its stage must fit, where both are given; without them the current one is meant. */
function isAsked(secret: Secret, version: Version, input: Record<string, unknown>): boolean {
  const { VersionId: id, VersionStage: stage = id === undefined ? 'AWSCURRENT' : undefined } = input
  if (id !== undefined && textOf(input, 'VersionId', { min: 32, max: 64 }) !== version.id)
    return false
  return stage === undefined || stagesOf(secret, version).includes(String(stage))
}

function stagesOf({ versions }: Secret, version: Version): string[] {
  if (version === versions.at(-1)) return ['AWSCURRENT']
  return version === versions.at(-2) ? ['AWSPREVIOUS'] : []
}
