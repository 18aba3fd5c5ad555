import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import { unexpectedResponse } from './errors.ts'
import { type Answer, type HttpLimits, request } from './http.ts'
import type { RandomBytes } from './make-keys.ts'

const LIMITS = { timeoutMs: 30_000, maxBytes: 1024 * 1024 }

export interface PostOptions extends Partial<HttpLimits> {
  random?: RandomBytes
}

/** Posts a body as JSON, with padding in it. */
export function postJson(
  url: string,
  body: object,
  { random = randomBytes, ...limits }: PostOptions,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const padded = { ...body, padding: padding(random).toString('base64') }
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(padded),
  }
  return request(url, init, { ...LIMITS, ...limits })
}

/** Between one and two KiB, so that the length of a request does not tell how many keys it holds. */
function padding(random: RandomBytes): Buffer {
  return random(1024 + (random(2).readUInt16BE() % 1024))
}

/** What was answered; throws `phone_unexpected_response` if it is not of the schema. */
export function readReply<Schema extends z.ZodType>(
  url: string,
  { status, body }: Answer,
  schema: Schema,
): z.output<Schema> {
  const parsed = schema.safeParse(parseJson(body))
  if (parsed.success) return parsed.data
  throw unexpectedResponse(`${url} answered ${status}, and not as its API says`)
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
