import {
  type ConnectionOptions,
  connectionTo,
  GoogleFailure,
  grpcCalls,
  hasChecksum,
  status,
} from '@ens/google'
import { SecretManagerServiceClient } from '@google-cloud/secret-manager'
import { secretAccessDenied, secretManagerUnavailable, secretNotFound } from './errors.ts'
import type { SecretManager } from './secret-manager.ts'
import { secretValue } from './value.ts'

const SECRET = /^projects\/[\w.:-]+(\/locations\/[\w-]+)?\/secrets\/[\w-]{1,255}$/
const VERSION = /^(.+)\/versions\/[\w-]{1,63}$/
/** https://cloud.google.com/secret-manager/quotas */
const LARGEST_SECRET_BYTES = 65_536

/**
 * Secrets of Google Secret Manager. A name is `projects/P/secrets/S/versions/V`, with a number, `latest` or an alias as `V`;
 * without a version it is the latest. The checksum of what comes is checked.
 */
export function googleSecretManager(options: ConnectionOptions = {}): SecretManager {
  const calls = grpcCalls('Secret Manager', () => {
    return new SecretManagerServiceClient(connectionTo(options))
  })
  return {
    async get(name, call) {
      const version = versionName(name)
      const { payload } = await calls
        .repeatable(call?.signal, (client, settings) =>
          client.accessSecretVersion({ name: version }, settings),
        )
        .catch((failure) => {
          throw translated(failure, name)
        })
      return secretValue(checked(name, payload))
    },
  }
}

function versionName(name: string): string {
  const [, secret] = VERSION.exec(name) ?? []
  if (!SECRET.test(secret ?? name)) {
    const form = 'projects/P/secrets/S/versions/V'
    throw secretNotFound(`${JSON.stringify(name)} is not the name of a secret; ${form} is`)
  }
  return secret === undefined ? `${name}/versions/latest` : name
}

interface Payload {
  data?: Uint8Array | string | null
  /** An int64. */
  dataCrc32c?: unknown
}

/** https://cloud.google.com/secret-manager/docs/data-integrity */
function checked(name: string, payload: Payload | null | undefined): Buffer {
  const { data, dataCrc32c } = payload ?? {}
  const bytes = typeof data === 'string' ? Buffer.from(data, 'base64') : Buffer.from(data ?? [])
  if (bytes.length > LARGEST_SECRET_BYTES) {
    throw secretManagerUnavailable(`the secret ${name} is larger than a secret can be`)
  }
  if (hasChecksum(bytes, dataCrc32c)) return bytes
  throw secretManagerUnavailable(`the secret ${name} did not arrive as it is kept`)
}

function translated(cause: unknown, name: string): unknown {
  if (!(cause instanceof GoogleFailure)) return cause
  switch (cause.status) {
    case status.NOT_FOUND:
    case status.INVALID_ARGUMENT:
      return secretNotFound(`there is no secret ${name}`, { cause })
    case status.FAILED_PRECONDITION:
      return unusable(cause, name)
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return secretAccessDenied(`Secret Manager refuses this process the secret ${name}`, { cause })
    default:
      return secretManagerUnavailable(`Secret Manager failed with the secret ${name}`, { cause })
  }
}

/** Of a secret that is there, yet cannot be had, such as for a key of the customer's that is disabled, the last value may still serve. */
function unusable(cause: GoogleFailure, name: string): Error {
  if (cause.state === 'DISABLED' || cause.state === 'DESTROYED') {
    const state = cause.state.toLowerCase()
    return secretNotFound(`this version of the secret ${name} is ${state}`, { cause })
  }
  return secretManagerUnavailable(
    `Secret Manager cannot give out the secret ${name}; the key that encrypts it may need a look`,
    { cause },
  )
}
