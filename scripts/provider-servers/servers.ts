import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './run.ts'
import { type ProviderServer, send } from './server.ts'

const BUCKET = 'ens-test'
/** None of these servers checks who asks. */
const ANY_AWS_ACCOUNT = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
}

/** A Go program, built by the machine's Go. What a time limit cuts short is still in Go's cache the next time. */
const byGo = (module: string, version: string) => async (folder: string, signal: AbortSignal) => {
  const program = join(folder, module.split('/').at(-1) ?? '')
  if (existsSync(program)) return program
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '-p=1' }
  await run('go', ['install', `${module}@${version}`], signal, { env })
  return program
}

const moto: ProviderServer = {
  name: 'moto 5.2.5 (S3, Secrets Manager)',
  async get(folder, signal) {
    const python = join(folder, 'moto/bin/python')
    const installed = join(folder, 'moto/installed')
    if (existsSync(installed)) return python
    await run('python3', ['-m', 'venv', join(folder, 'moto')], signal)
    const wanted = 'moto[s3,secretsmanager,server]==5.2.5'
    await run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', wanted], signal)
    await writeFile(installed, '')
    return python
  },
  command: async (port) => ({ args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', `${port}`] }),
  health: '/moto-api/',
  prepare: (url) => send('PUT', `${url}/${BUCKET}`),
  variables: (url) => ({
    ...ANY_AWS_ACCOUNT,
    AWS_ENDPOINT_URL_S3: url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
    TEST_AWS_S3_BUCKET: BUCKET,
    TEST_AWS_S3_PATH_STYLE: '1',
    TEST_AWS_SECRETS_MANAGER: '1',
  }),
}

const KMS_KEYS = { signing: [randomUUID(), randomUUID()], encryption: [randomUUID(), randomUUID()] }

/** Its keys come from a file, https://github.com/nsmithuk/local-kms#seeding; JSON is YAML. */
const localKms: ProviderServer = {
  name: 'local-kms 2a5e92d09ab6 (AWS KMS)',
  get: byGo('github.com/nsmithuk/local-kms', 'v0.0.0-20260228092603-2a5e92d09ab6'),
  async command(port, folder) {
    const seed = join(folder, 'seed.yaml')
    await writeFile(seed, JSON.stringify({ Keys: kmsKeys() }))
    const env = { PORT: `${port}`, KMS_SEED_PATH: seed, KMS_DATA_PATH: folder }
    return { args: [], env: { ...env, KMS_REGION: ANY_AWS_ACCOUNT.AWS_REGION } }
  },
  health: '/',
  variables: (url) => ({
    ...ANY_AWS_ACCOUNT,
    AWS_ENDPOINT_URL_KMS: url,
    TEST_AWS_KMS_SIGNING_KEY: KMS_KEYS.signing[0] ?? '',
    TEST_AWS_KMS_OTHER_SIGNING_KEY: KMS_KEYS.signing[1] ?? '',
    TEST_AWS_KMS_ENCRYPTION_KEY: KMS_KEYS.encryption[0] ?? '',
    TEST_AWS_KMS_OTHER_ENCRYPTION_KEY: KMS_KEYS.encryption[1] ?? '',
  }),
}

function kmsKeys() {
  const pem = () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'sec1',
      format: 'pem',
    })
  return {
    Symmetric: {
      Aes: KMS_KEYS.encryption.map((KeyId) => ({
        Metadata: { KeyId },
        BackingKeys: [randomBytes(32).toString('hex')],
      })),
    },
    Asymmetric: {
      Ecc: KMS_KEYS.signing.map((KeyId) => ({
        Metadata: { KeyId, KeyUsage: 'SIGN_VERIFY' },
        PrivateKeyPem: pem(),
      })),
    },
  }
}

const fakeGcs: ProviderServer = {
  name: 'fake-gcs-server 1.56.1 (Google Cloud Storage)',
  get: byGo('github.com/fsouza/fake-gcs-server', 'v1.56.1'),
  command: async (port) => ({
    args: [
      ...['-scheme', 'http', '-host', '127.0.0.1', '-port', `${port}`, '-backend', 'memory'],
      ...['-public-host', `127.0.0.1:${port}`, '-external-url', `http://127.0.0.1:${port}`],
    ],
  }),
  health: '/_internal/healthcheck',
  prepare: (url) => send('POST', `${url}/storage/v1/b?project=test`, { name: BUCKET }),
  variables: (url) => ({
    GOOGLE_CLOUD_STORAGE_ENDPOINT: url,
    GOOGLE_TEST_BUCKET: BUCKET,
  }),
}

const VAULT_TOKEN = randomBytes(16).toString('hex')

/** Too large to be built within the limit: taken where it is installed. */
const vault: ProviderServer = {
  name: 'Vault, as installed (transit, KV)',
  async get(_, signal) {
    await run('vault', ['version'], signal)
    return 'vault'
  },
  command: async (port) => ({
    args: [
      ...['server', '-dev', '-dev-no-store-token', `-dev-root-token-id=${VAULT_TOKEN}`],
      `-dev-listen-address=127.0.0.1:${port}`,
    ],
  }),
  health: '/v1/sys/health',
  async prepare(url) {
    const headers = { 'x-vault-token': VAULT_TOKEN }
    await send('POST', `${url}/v1/sys/mounts/transit`, { type: 'transit' }, headers)
    const kv = { type: 'kv', options: { version: '1' } }
    await send('POST', `${url}/v1/sys/mounts/kv`, kv, headers)
  },
  variables: (url) => ({
    VAULT_ADDR: url,
    VAULT_TOKEN,
    VAULT_TEST_KV1_MOUNT: 'kv',
    VAULT_TEST_KV2_MOUNT: 'secret',
  }),
}

export const SERVERS: readonly ProviderServer[] = [moto, localKms, fakeGcs, vault]
