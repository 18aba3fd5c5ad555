import { randomBytes } from 'node:crypto'
import { makeKeys } from './make-keys.ts'
import { type PostOptions, postJson } from './post-json.ts'
import { publishBody } from './publish.ts'

export interface ChaffInput {
  /** Of `/v1/publish`. */
  url: string
  /** How many keys a publish of that size would hold. */
  days: number
  now: Date
}

/** What an observer on the network could see of the exchange, and nothing else is there to see. */
export interface ChaffOutcome {
  status: number
  /** Of the body, as it was sent. */
  sizeBytes: number
  /** From the request until the whole reply was there. */
  durationMs: number
}

export interface ChaffOptions extends PostOptions {
  /** A clock that only runs forward, in milliseconds. */
  clock?: () => number
}

/** As long as the certificate of a verification server. */
const CERTIFICATE_BYTES = 350
const HMAC_KEY_BYTES = 16

/** Sends a decoy: a publish of random keys under a certificate that is noise, which the server is asked to throw away. */
export async function sendChaff(
  input: ChaffInput,
  { clock = () => performance.now(), ...options }: ChaffOptions = {},
): Promise<ChaffOutcome> {
  const { random = randomBytes } = options
  const noise = publishBody({
    keys: makeKeys({ ...input, random }),
    healthAuthorityID: 'chaff',
    certificate: {
      verificationPayload: random(CERTIFICATE_BYTES).toString('base64url'),
      hmacKey: random(HMAC_KEY_BYTES).toString('base64'),
    },
  })
  const sentAt = clock()
  const { status, body } = await postJson(input.url, noise, options, { 'x-chaff': '1' })
  return { status, sizeBytes: body.length, durationMs: clock() - sentAt }
}
