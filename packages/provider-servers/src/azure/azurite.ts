import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { certificate, certificateFile } from './certificates.ts'

/** Microsoft's emulator of Azure Blob Storage, as a process that cannot outlive this one. */
export interface Azurite {
  /** Of the account's blobs. */
  readonly endpoint: string
  readonly port: number
  readonly account: string
  readonly accessKey: string
  /** Resolves when the process has ended, with its exit code; null if a signal ended it. */
  readonly ended: Promise<number | null>
  /** Makes a container whose blobs anybody may read, as a CDN in front does; one that is there is left alone. */
  createContainer(name: string): Promise<void>
  /** Writes down what is only in memory yet, and ends. */
  stop(): Promise<void>
}

export interface AzuriteOptions {
  /** Where everything is kept; without it, in memory. */
  folder?: string
  /** Without it, a free one. */
  port?: number
  /** Over TLS, by the certificate of `certificateFile`; then it takes bearer tokens, too. */
  isSecure?: boolean
  /** A file descriptor for what it prints; without it, that is thrown away. */
  output?: number
}

/** The account that every Azurite has; its key is public. https://learn.microsoft.com/azure/storage/common/storage-use-azurite */
const ACCOUNT = 'devstoreaccount1'
const ACCESS_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='
const CONFLICT = 409
const GRACE_MS = 10_000

/** Starts it on the loopback only; rejects if it does not come up. It has a process of its own for its 140 MB and its many globals. */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const child = startProcess(options)
  const ended = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null)
  const origin = await addressOf(child, ended)
  const endpoint = `${origin}/${ACCOUNT}`
  const credential = new StorageSharedKeyCredential(ACCOUNT, ACCESS_KEY)
  // The SDK's types do not name TLS; its pipeline takes it all the same.
  const pipeline = {
    retryOptions: { maxTries: 4 },
    tlsOptions: { ca: await certificate('ca.pem') },
  }
  const service = new BlobServiceClient(endpoint, credential, pipeline)
  return {
    endpoint,
    port: Number(new URL(origin).port),
    account: ACCOUNT,
    accessKey: ACCESS_KEY,
    ended,
    createContainer: (name) => createContainer(service, name),
    stop: () => stop(child, ended),
  }
}

function startProcess({ folder = '', port = 0, isSecure, output }: AzuriteOptions): ChildProcess {
  const script = new URL(`./azurite-process${extname(import.meta.url)}`, import.meta.url)
  // Without our variables and our conditions of imports: both would change how it loads.
  const tls = isSecure ? [certificateFile('server.pem'), certificateFile('server.key')] : []
  return fork(fileURLToPath(script), [folder, String(port), ...tls], {
    env: {},
    execArgv: [],
    stdio: ['ignore', output ?? 'ignore', output ?? 'ignore', 'ipc'],
  })
}

async function addressOf(child: ChildProcess, ended: Promise<number | null>): Promise<string> {
  const ready = once(child, 'message').then(([address]: unknown[]) => address)
  const address = await Promise.race([ready, ended])
  if (typeof address === 'string') return address
  throw new Error(`Azurite ended before it was up, with exit code ${String(address)}`)
}

async function createContainer(service: BlobServiceClient, name: string): Promise<void> {
  try {
    await service.createContainer(name, { access: 'blob' })
  } catch (error) {
    const isThere = error instanceof Error && 'statusCode' in error && error.statusCode === CONFLICT
    if (!isThere) throw error
  }
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.connected) child.disconnect()
  const insist = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  await ended
  clearTimeout(insist)
}
