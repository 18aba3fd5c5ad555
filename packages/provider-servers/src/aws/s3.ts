import { randomUUID } from 'node:crypto'
import { hasConflict, isMet } from './s3-conditions.ts'
import { integrityFault, type S3Object, storedObject } from './s3-objects.ts'
import { type Answer, type AwsServer, type Refusal, serveAws } from './server.ts'
import type { SignedRequest } from './sigv4.ts'

export interface S3Server extends AwsServer {
  /** Answers the next so many conditional writes with a conflict, as S3 does when another write is under way. */
  conflict(writes: number): void
  /** Plays a store that knows no conditional writes and takes every one for an ordinary one. */
  ignoreConditions(ignored: boolean): void
  /** Puts an object there behind everybody's back, as another writer does. */
  overwrite(bucket: string, name: string, contents: Uint8Array): void
}

interface State {
  buckets: Map<string, Map<string, S3Object>>
  conflicts: number
  ignoresConditions: boolean
}

/**
 * Amazon S3, as far as single objects are written and read, by path-style addresses:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/. Its buckets are public: reading needs no signature.
 */
export async function s3Server(buckets: string[]): Promise<S3Server> {
  const state: State = {
    buckets: new Map(buckets.map((name) => [name, new Map<string, S3Object>()])),
    conflicts: 0,
    ignoresConditions: false,
  }
  const server = await serveAws({
    name: 's3',
    nameOf: ({ method, target }) => `${method} ${decodeURIComponent(target.split('?')[0] ?? '')}`,
    isPublic: ({ method }) => method === 'GET' || method === 'HEAD',
    answer: (request) => answer(state, request),
    refusal: (reason) => errorAnswer(...REFUSALS[reason]),
  })
  return {
    ...server,
    conflict: (writes) => {
      state.conflicts = writes
    },
    ignoreConditions: (ignored) => {
      state.ignoresConditions = ignored
    },
    overwrite: (bucket, name, contents) => {
      state.buckets.get(bucket)?.set(name, storedObject(Buffer.from(contents), {}))
    },
  }
}

const REFUSALS: Record<Refusal, [status: number, code: string]> = {
  denied: [403, 'AccessDenied'],
  throttled: [503, 'SlowDown'],
  missing: [403, 'AccessDenied'],
  malformed: [400, 'AuthorizationHeaderMalformed'],
  'unknown-key': [403, 'InvalidAccessKeyId'],
  expired: [403, 'RequestTimeTooSkewed'],
  'wrong-payload': [400, 'XAmzContentSHA256Mismatch'],
  wrong: [403, 'SignatureDoesNotMatch'],
}

function answer(state: State, request: SignedRequest): Answer {
  const [path = ''] = request.target.split('?')
  const [bucketName = '', ...rest] = path.slice(1).split('/').map(decodeURIComponent)
  const objects = state.buckets.get(bucketName)
  if (!objects) return errorAnswer(404, 'NoSuchBucket')
  const name = rest.join('/')
  if (name === '' || Buffer.byteLength(name) > 1024) return errorAnswer(400, 'KeyTooLongError')
  switch (request.method) {
    case 'PUT':
      return put(state, objects, name, request)
    case 'GET':
    case 'HEAD':
      return get(objects.get(name), request)
    case 'DELETE':
      objects.delete(name)
      return { status: 204 }
    default:
      return errorAnswer(405, 'MethodNotAllowed')
  }
}

function put(
  state: State,
  objects: Map<string, S3Object>,
  name: string,
  { headers, body }: SignedRequest,
): Answer {
  if (headers['x-amz-content-sha256']?.toString().startsWith('STREAMING'))
    return errorAnswer(501, 'NotImplemented') // aws-chunked: nothing here is sent as a stream
  const fault = integrityFault(headers, body)
  if (fault) return errorAnswer(400, fault)
  const current = objects.get(name)
  if (!state.ignoresConditions) {
    if (hasConflict(state, headers)) return errorAnswer(409, 'ConditionalRequestConflict')
    if (headers['if-match'] !== undefined && !current) return errorAnswer(404, 'NoSuchKey')
    if (!isMet(headers, current)) return errorAnswer(412, 'PreconditionFailed')
  }
  const object = storedObject(body, headers)
  objects.set(name, object)
  return { status: 200, headers: { etag: object.etag, 'x-amz-request-id': randomUUID() } }
}

function get(object: S3Object | undefined, { headers }: SignedRequest): Answer {
  if (!object) return errorAnswer(404, 'NoSuchKey')
  const withChecksum = headers['x-amz-checksum-mode']?.toString().toUpperCase() === 'ENABLED'
  return {
    status: 200,
    headers: {
      ...object.headers,
      ...(withChecksum ? object.checksums : {}),
      etag: object.etag,
      'last-modified': object.modifiedAt.toUTCString(),
      'x-amz-request-id': randomUUID(),
    },
    body: object.contents,
  }
}

function errorAnswer(status: number, code: string): Answer {
  const id = randomUUID()
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': id },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message><RequestId>${id}</RequestId></Error>`,
  }
}
