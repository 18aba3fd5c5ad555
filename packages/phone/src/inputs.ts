import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { decodeBase64, INTERVAL_MS, KEY_LENGTH } from '@ens/domain'
import { InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { inputUnusable } from './errors.ts'
import type { PhoneKey } from './make-keys.ts'

const phoneKey = z.object({
  key: z.string(),
  rollingStartNumber: z.int(),
  rollingPeriod: z.int(),
  transmissionRisk: z.int().default(0),
})

/** Either a list of keys, or an object that holds one, as a publish and what `publish --json` prints do. */
const keysFile = z.union([
  z.array(phoneKey),
  z
    .object({ temporaryExposureKeys: z.array(phoneKey) })
    .transform((it) => it.temporaryExposureKeys),
])

/** The keys in a file; they need not be such as a server would take. */
export function readKeys(file: string): PhoneKey[] {
  return keysIn(file, parseJson(file))
}

function keysIn(file: string, contents: unknown): PhoneKey[] {
  const keys = keysFile.safeParse(contents)
  if (!keys.success)
    throw inputUnusable(
      `${file} holds no keys such as [{"key": "…", "rollingStartNumber": 1, "rollingPeriod": 144}]`,
    )
  return keys.data
}

/** As `publish --json` prints it, where the token is in the reply. */
const withToken = z.object({ reply: z.object({ revisionToken: z.string() }) })

/** The keys of an earlier publish, and the revision token it was answered with, if the file tells. */
export function readPublished(file: string): {
  keys: PhoneKey[]
  revisionToken: string | undefined
} {
  const contents = parseJson(file)
  const { data } = withToken.safeParse(contents)
  return { keys: keysIn(file, contents), revisionToken: data?.reply.revisionToken }
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readInput(file).toString())
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw inputUnusable(`${file} is not JSON`, { cause })
  }
}

/** The file's bytes; `-` is the standard input. */
export function readInput(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? process.stdin.fd : file)
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw inputUnusable(`${file} cannot be read: ${reason}`, { cause })
  }
}

/** A private key that can sign certificates. Nothing of the file reaches a message. */
export function readPrivateKey(file: string): KeyObject {
  return p256(file, 'private', createPrivateKey)
}

export function readPublicKey(file: string): KeyObject {
  return p256(file, 'public', createPublicKey)
}

function p256(file: string, kind: string, parse: (pem: Buffer) => KeyObject): KeyObject {
  const pem = readInput(file)
  const key = parseKey(() => parse(pem))
  if (key?.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key
  throw inputUnusable(`${file} is not the PEM of a ${kind} P-256 key`)
}

function parseKey(parse: () => KeyObject): KeyObject | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}

/** What is given as an argument, or else by the demo system. */
export function needed<T>(value: T | undefined, option: string): T {
  if (value === undefined)
    throw inputUnusable(
      `${option} is needed: there is no demo system here that could say it (\`npx -y pnpm@12 start\` makes one)`,
    )
  return value
}

const MAX_DAYS = 1000

/** Options are parsed by the functions below; what they refuse is reported with the option's name. */
export function dayCount(value: string): number {
  const days = Number(value)
  if (/^[0-9]+$/.test(value) && days >= 1 && days <= MAX_DAYS) return days
  throw new InvalidArgumentError(`A number of days from 1 to ${MAX_DAYS} is needed.`)
}

export function milliseconds(value: string): number {
  const seconds = Number(value)
  if (/^[0-9]+(\.[0-9]+)?$/.test(value) && seconds > 0 && seconds <= 86_400) return seconds * 1000
  throw new InvalidArgumentError('A number of seconds is needed.')
}

/** A day such as 2026-11-20, an instant, or an interval number. */
export function onsetInterval(value: string): number {
  if (/^[0-9]{1,10}$/.test(value)) return Number(value)
  const at = Date.parse(value)
  if (/^\d{4}-\d{2}-\d{2}(T.*Z)?$/.test(value) && at >= 0) return Math.floor(at / INTERVAL_MS)
  throw new InvalidArgumentError('Write 2026-11-20, 2026-11-20T08:00:00Z or an interval number.')
}

export function base64(value: string): Buffer {
  const bytes = decodeBase64(value)
  if (bytes) return bytes
  throw new InvalidArgumentError('Base64 is needed.')
}

function keyText(value: string): string {
  if (decodeBase64(value)?.length === KEY_LENGTH) return value
  throw new InvalidArgumentError(`An exposure key is ${KEY_LENGTH} bytes in base64.`)
}

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value]
}

export function collectKeys(value: string, previous: readonly string[] = []): string[] {
  return [...previous, keyText(value)]
}
