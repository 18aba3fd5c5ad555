import { randomUUID } from 'node:crypto'
import type { Answer, Refusal, Service } from './server.ts'
import type { SignedRequest } from './sigv4.ts'

/** What an operation fails with: a status and one of the service's documented exceptions. */
export class Exception extends Error {
  readonly type: string
  readonly status: number

  constructor(type: string, message: string, status = 400) {
    super(message)
    this.type = type
    this.status = status
  }
}

export type Operation = (input: Record<string, unknown>) => Record<string, unknown>

const REFUSALS: Record<Refusal, string> = {
  denied: 'AccessDeniedException',
  throttled: 'ThrottlingException',
  missing: 'MissingAuthenticationTokenException',
  malformed: 'IncompleteSignatureException',
  'unknown-key': 'UnrecognizedClientException',
  expired: 'InvalidSignatureException',
  'wrong-payload': 'InvalidSignatureException',
  wrong: 'InvalidSignatureException',
}

/**
 * A service that speaks AWS JSON 1.1: the operation in `X-Amz-Target`, its input as the body.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
export function jsonService(
  name: string,
  prefix: string,
  operations: Readonly<Record<string, Operation>>,
): Service {
  return {
    name,
    nameOf: ({ headers }) => String(headers['x-amz-target']),
    answer(request) {
      try {
        return json(200, run(request, prefix, operations))
      } catch (error) {
        if (!(error instanceof Exception)) throw error
        return json(error.status, { __type: error.type, message: error.message })
      }
    },
    refusal: (reason) => json(400, { __type: REFUSALS[reason], message: `refused: ${reason}` }),
  }
}

function run(
  { method, target, headers, body }: SignedRequest,
  prefix: string,
  operations: Readonly<Record<string, Operation>>,
): Record<string, unknown> {
  const [service, operation = ''] = String(headers['x-amz-target']).split('.')
  const work = Object.hasOwn(operations, operation) ? operations[operation] : undefined
  if (method !== 'POST' || target !== '/' || service !== prefix || !work)
    throw new Exception('UnknownOperationException', 'there is no such operation')
  if (headers['content-type'] !== 'application/x-amz-json-1.1')
    throw new Exception('SerializationException', 'the content type is wrong')
  return work(parsed(body))
}

function parsed(body: Buffer): Record<string, unknown> {
  try {
    const input: unknown = JSON.parse(body.toString())
    if (typeof input === 'object' && input !== null) return input as Record<string, unknown>
  } catch {}
  throw new Exception('SerializationException', 'the body is not a JSON object')
}

function json(status: number, body: Record<string, unknown>): Answer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify(body),
  }
}

/** A member that must be there and a text of so many characters. */
export function textOf(
  input: Record<string, unknown>,
  member: string,
  { min = 1, max = 2048 }: { min?: number; max?: number } = {},
): string {
  const value = input[member]
  if (typeof value === 'string' && value.length >= min && value.length <= max) return value
  throw new Exception('ValidationException', `${member} has a wrong length or type`)
}

/** A member that must be there and base64 of so many bytes. */
export function bytesOf(
  input: Record<string, unknown>,
  member: string,
  bounds: { min: number; max: number },
): Buffer {
  const bytes = Buffer.from(textOf(input, member, { min: 0, max: 100_000 }), 'base64')
  if (bytes.length >= bounds.min && bytes.length <= bounds.max) return bytes
  throw new Exception('ValidationException', `${member} has a wrong length`)
}
