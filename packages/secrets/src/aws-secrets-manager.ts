import {
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { type AwsConnection, type AwsFailure, clientSettings, failureOf, isRefused } from '@ens/aws'
import { secretManagerUnavailable, secretNotFound, secretReferenceInvalid } from './errors.ts'
import type { SecretManager } from './secret-manager.ts'

export interface AwsSecretManagerOptions extends AwsConnection {
  /** What all attempts to read a secret may take together. */
  deadlineMs?: number
}

const DEADLINE_MS = 30_000

/**
 * Secrets of AWS Secrets Manager, named as the operators of the reference server do: `SECRET@VERSION#STAGE`, the latter two
 * optional, SECRET a name or an ARN (operations.md, section 3.2). Without both it is the current version. A secret that was
 * stored as bytes must be UTF-8.
 */
export function awsSecretManager(options: AwsSecretManagerOptions = {}): SecretManager {
  const { deadlineMs = DEADLINE_MS, ...connection } = options
  const client = new SecretsManagerClient(clientSettings(connection))
  return {
    async get(name) {
      const abortSignal = AbortSignal.timeout(deadlineMs)
      const command = new GetSecretValueCommand(parseReference(name))
      const value = await client.send(command, { abortSignal }).catch((error) => {
        if (abortSignal.aborted) throw tooLate(name, deadlineMs)
        throw translation(failureOf(error), name)
      })
      return textOf(name, value)
    },
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

function textOf(name: string, value: GetSecretValueCommandOutput): string {
  if (value.SecretString !== undefined) return value.SecretString
  if (value.SecretBinary === undefined)
    throw secretManagerUnavailable(`the answer for ${name} holds no secret`)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value.SecretBinary)
  } catch {
    throw secretReferenceInvalid(`the secret ${name} holds bytes that are no UTF-8 text`)
  }
}

function translation(cause: AwsFailure, name: string): Error {
  switch (cause.reason) {
    case 'ResourceNotFoundException':
    case 'ValidationException':
    case 'InvalidParameterException':
      return secretNotFound(`there is no secret ${name}`, { cause })
    case 'InvalidRequestException':
      return secretNotFound(`the secret ${name} is marked for deletion`, { cause })
    case 'DecryptionFailure':
      return secretNotFound(`the secret ${name} may not be decrypted; see its KMS key`, { cause })
  }
  if (isRefused(cause)) {
    return secretNotFound(`the secret ${name} may not be read (${cause.reason})`, { cause })
  }
  return secretManagerUnavailable(`the secret ${name} cannot be read: ${cause.reason}`, { cause })
}

function tooLate(name: string, deadlineMs: number): Error {
  return secretManagerUnavailable(`the secret ${name} could not be read in ${deadlineMs} ms`)
}
