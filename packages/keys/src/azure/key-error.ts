import { azureFailure } from '@ens/azure'
import { isAppError } from '@ens/errors'
import { keyAccessDenied, keyManagerUnavailable, keyNotFound } from '../errors.ts'

/** The name of what the SDK throws by itself, before it asks, if a key's attributes forbid its use. */
const REFUSED_BY_SDK = 'Error'

/** Waits for the work, and turns what Key Vault says of a failure into an error of this package. */
export async function keyError<T>(keyId: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isAppError(error)) throw error
    const { status, code, isDenied, cause } = azureFailure(error)
    if (code === 'KeyDisabled') throw keyNotFound(`key ${keyId} is disabled`, { cause })
    if (status === 404) throw keyNotFound(`there is no key ${keyId} in Key Vault`, { cause })
    if (isDenied) throw keyAccessDenied(`no permission to use key ${keyId}`, { cause })
    if (code === REFUSED_BY_SDK) {
      throw keyAccessDenied(`key ${keyId} has ended, has not begun, or is not for this`, { cause })
    }
    throw keyManagerUnavailable(`Key Vault failed with key ${keyId}`, { cause })
  }
}
