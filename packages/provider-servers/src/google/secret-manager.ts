import { status } from '@grpc/grpc-js'
import { crc32cValue, withFirstBitFlipped } from './checksum.ts'
import { faultSwitches } from './faults.ts'
import type { Service } from './grpc-service.ts'
import { callFailure, invalidArgument } from './status.ts'

interface SecretVersion {
  contents: Buffer
  state: State
}

/** The last is none of the service's: it cannot decrypt the version, for want of the customer's key. */
type State = 'ENABLED' | 'DISABLED' | 'DESTROYED' | 'LOCKED'

const VERSION =
  /^(projects\/[^/]+(?:\/locations\/[^/]+)?\/secrets\/[\w-]+)\/versions\/(\d+|latest)$/

/** https://cloud.google.com/secret-manager/docs/reference/rpc/google.cloud.secretmanager.v1 */
export class SecretManagerService implements Service {
  readonly faults = faultSwitches()
  readonly permissions = { AccessSecretVersion: 'secretmanager.versions.access' }
  readonly methods = {
    AccessSecretVersion: ({ name }: { name: string }) => this.#access(name),
  }
  readonly #secrets = new Map<string, SecretVersion[]>()

  /** Adds a version, the latest from now on, and returns its name. */
  add(secret: string, contents: string | Uint8Array): string {
    const versions = this.#secrets.get(secret) ?? []
    versions.push({ contents: Buffer.from(contents as string), state: 'ENABLED' })
    this.#secrets.set(secret, versions)
    return `${secret}/versions/${versions.length}`
  }

  change(version: string, state: State): void {
    const found = this.#find(version)
    if (found) found.state = state
  }

  #find(name: string): (SecretVersion & { name: string }) | undefined {
    const [, secret = '', version = ''] = VERSION.exec(name) ?? []
    const versions = this.#secrets.get(secret) ?? []
    const number = version === 'latest' ? versions.length : Number(version)
    const found = versions[number - 1]
    return found && Object.assign(found, { name: `${secret}/versions/${number}` })
  }

  #access(name: string): object {
    if (!VERSION.test(name)) {
      throw invalidArgument('The provided Secret Version ID does not match the expected format.')
    }
    const found = this.#find(name)
    if (!found) throw callFailure(status.NOT_FOUND, `Secret Version [${name}] not found.`)
    if (found.state === 'LOCKED') {
      const details = 'The Cloud KMS key that protects this secret is in DISABLED state.'
      throw callFailure(status.FAILED_PRECONDITION, details)
    }
    if (found.state !== 'ENABLED') {
      const details = `Secret Version [${name}] is in ${found.state} state.`
      throw callFailure(status.FAILED_PRECONDITION, details)
    }
    const { contents } = found
    const data = this.faults.corrupting ? withFirstBitFlipped(contents) : contents
    const dataCrc32c = crc32cValue(contents).value
    return { name: found.name, payload: { data, dataCrc32c } }
  }
}
