import {
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import {
  type AwsConnection,
  type AwsFailure,
  clientSettings,
  failureOf,
  isRefused,
  requireRegion,
} from '@ens/aws'
import {
  secretAccessDenied,
  secretManagerUnavailable,
  secretNotFound,
  secretTooLarge,
} from './errors.ts'
import { untilAborted } from './guard.ts'
import type { SecretManager, SecretValue } from './secret-manager.ts'
import { secretValue } from './value.ts'

/**
 * Secrets of AWS Secrets Manager, named as the operators of the reference server do: `SECRET@VERSION#STAGE`, the latter two
 * optional, SECRET a name or an ARN (operations.md, section 3.2). Without both it is the current version.
 */
export function awsSecretManager(connection: AwsConnection): SecretManager {
  return secretManagerOf(new SecretsManagerClient(clientSettings(connection)))
}

/** For the start of a service: throws `invalid_config` if the region is not known. */
export async function openAwsSecretManager(connection: AwsConnection): Promise<SecretManager> {
  const client = new SecretsManagerClient(clientSettings(connection))
  await requireRegion(client)
  return secretManagerOf(client)
}

function secretManagerOf(client: SecretsManagerClient): SecretManager {
  return {
    get: (name, { signal } = {}) =>
      untilAborted(signal, async () => {
        const command = new GetSecretValueCommand(parseReference(name))
        const within = signal ? { abortSignal: signal } : {}
        const answer = await client.send(command, within).catch((error) => {
          throw translation(failureOf(error), name)
        })
        return valueFrom(name, answer)
      }),
  }
}

interface Reference {
  SecretId: string
  VersionId?: string
  VersionStage?: string
}

/**
 * Names may hold an `@` themselves, so what follows the last one is a version only if it could be one.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_RequestParameters
 */
const REFERENCE =
  /^(?<secret>[\w/+=.@:-]{1,2048}?)(?:@(?<version>[A-Za-z0-9-]{32,64}))?(?:#(?<stage>[\w/+=.@-]{1,256}))?$/

function parseReference(name: string): Reference {
  const { secret, version, stage } = REFERENCE.exec(name)?.groups ?? {}
  if (secret === undefined) throw secretNotFound(`no secret can be called ${JSON.stringify(name)}`)
  return {
    SecretId: secret,
    ...(version !== undefined && { VersionId: version }),
    ...(stage !== undefined && { VersionStage: stage }),
  }
}

function valueFrom(name: string, answer: GetSecretValueCommandOutput): SecretValue {
  if (answer.SecretString !== undefined) return answer.SecretString
  if (answer.SecretBinary) return secretValue(Buffer.from(answer.SecretBinary))
  throw secretManagerUnavailable(`the answer for ${name} holds no secret`)
}

function translation(cause: AwsFailure, name: string): Error {
  switch (cause.reason) {
    case 'AnswerTooLong':
      return secretTooLarge(`the answer for the secret ${name} is too long`, { cause })
    case 'ResourceNotFoundException':
    case 'ValidationException':
    case 'InvalidParameterException':
      return secretNotFound(`there is no secret ${name}`, { cause })
    case 'InvalidRequestException':
      return secretNotFound(`the secret ${name} is marked for deletion`, { cause })
    case 'DecryptionFailure':
      return secretAccessDenied(`the secret ${name} may not be decrypted; see its KMS key`, {
        cause,
      })
  }
  if (isRefused(cause)) {
    return secretAccessDenied(`the secret ${name} may not be read (${cause.reason})`, { cause })
  }
  return secretManagerUnavailable(`the secret ${name} cannot be read: ${cause.reason}`, { cause })
}
