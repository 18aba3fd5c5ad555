import type { IncomingHttpHeaders } from 'node:http'
import {
  type Bucket,
  mediaOf,
  resourceOf,
  type StoredGoogleObject,
  store,
  type Upload,
  violated,
} from './bucket.ts'
import { withFirstBitFlipped } from './checksum.ts'
import { type Faults, faultSwitches } from './faults.ts'
import { type Answer, failure } from './http-answers.ts'
import { ResumableUploads, wholeUpload } from './uploads.ts'

export interface StorageRequest {
  method: string
  url: URL
  headers: IncomingHttpHeaders
  body: Buffer
}

const OBJECT = /^\/(?:download\/)?storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/
const LIST = /^\/storage\/v1\/b\/([^/]+)\/o$/
const UPLOAD = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/

/**
 * The JSON API of Cloud Storage for objects, as far as a writer of files needs it:
 * https://cloud.google.com/storage/docs/json_api/v1/objects
 */
export class StorageApi {
  readonly buckets: Map<string, Bucket>
  readonly faults: Faults = faultSwitches()
  /** Requests so far, those that failed included. */
  requests = 0
  readonly #resumable = new ResumableUploads()

  constructor(buckets: readonly string[]) {
    this.buckets = new Map(buckets.map((name) => [name, new Map()]))
  }

  answer(request: StorageRequest): Answer {
    this.requests++
    const faulty = this.#faulty(permissionFor(request))
    if (faulty) return faulty
    const { pathname } = request.url
    const [, bucketName = '', name] = (OBJECT.exec(pathname) ??
      LIST.exec(pathname) ??
      UPLOAD.exec(pathname) ??
      []) as string[]
    const bucket = this.buckets.get(decodeURIComponent(bucketName))
    if (!bucket) return failure(404, 'notFound', 'The specified bucket does not exist.')
    if (UPLOAD.test(pathname)) return this.#upload(bucket, decodeURIComponent(bucketName), request)
    if (name === undefined) return list(bucket, request.url.searchParams)
    return this.#onObject(bucket, `${bucketName}/${name}`, decodeURIComponent(name), request)
  }

  /** What a device gets that downloads from a bucket whose objects all may read. */
  publicObject(pathname: string): Answer {
    const [, bucket = '', ...name] = decodeURIComponent(pathname).split('/')
    const object = this.buckets.get(bucket)?.get(name.join('/'))
    if (!object) return { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' }
    return mediaOf(object, object.contents)
  }

  #faulty(permission: string): Answer | undefined {
    switch (this.faults.next()) {
      case 'refuse': {
        const message = `test@example.iam.gserviceaccount.com does not have ${permission} access to the Google Cloud Storage object. Permission '${permission}' denied on resource (or it may not exist).`
        return failure(403, 'forbidden', message)
      }
      case 'throttle':
        return failure(429, 'rateLimitExceeded', 'The rate of requests is over its limit.')
      case 'break':
        return failure(503, 'backendError', 'Backend Error')
      case undefined:
        return undefined
    }
  }

  #upload(bucket: Bucket, name: string, { method, url, headers, body }: StorageRequest): Answer {
    const request = { bucket: name, query: url.searchParams, headers, body }
    if (url.searchParams.get('uploadType') !== 'resumable') {
      const upload = wholeUpload(request)
      return upload ? finish(bucket, upload, url.searchParams) : malformed()
    }
    if (method === 'POST') return this.#resumable.begin(request, url.origin)
    const received = this.#resumable.receive(request)
    return 'upload' in received ? finish(bucket, received.upload, received.query) : received
  }

  #onObject(bucket: Bucket, path: string, name: string, { method, url }: StorageRequest): Answer {
    const query = url.searchParams
    const object = bucket.get(name)
    const isMedia = query.get('alt') === 'media'
    if (!object || isOtherGeneration(object, query)) return noObject(path, isMedia)
    const condition = violated(query, object)
    if (condition) return condition
    if (method === 'DELETE') {
      bucket.delete(name)
      return { status: 204 }
    }
    if (!isMedia) return { status: 200, body: resourceOf(object) }
    return mediaOf(object, this.#read(object))
  }

  #read({ contents }: StoredGoogleObject): Buffer {
    return this.faults.corrupting ? withFirstBitFlipped(contents) : contents
  }
}

function isOtherGeneration({ generation }: StoredGoogleObject, query: URLSearchParams): boolean {
  const wanted = query.get('generation')
  return wanted !== null && BigInt(wanted) !== generation
}

function noObject(path: string, isMedia: boolean): Answer {
  const message = `No such object: ${decodeURIComponent(path)}`
  return isMedia ? { status: 404, body: message } : failure(404, 'notFound', message)
}

function finish(bucket: Bucket, upload: Upload, query: URLSearchParams): Answer {
  if (upload.name === '') return failure(400, 'required', 'Required')
  const condition = violated(query, bucket.get(upload.name))
  if (condition) return condition
  const stored = store(bucket, upload)
  return 'status' in stored ? stored : { status: 200, body: resourceOf(stored) }
}

function malformed(): Answer {
  return failure(400, 'badRequest', 'Bad Request')
}

const MOST_LISTED = 1000

function list(bucket: Bucket, query: URLSearchParams): Answer {
  const after = query.get('pageToken') ?? ''
  const names = [...bucket.keys()]
    .filter((name) => name.startsWith(query.get('prefix') ?? '') && name > after)
    .sort()
  const page = names.slice(0, Number(query.get('maxResults') ?? MOST_LISTED))
  const items = page.flatMap((name) => bucket.get(name) ?? []).map(resourceOf)
  const nextPageToken = page.length < names.length ? page.at(-1) : undefined
  return { status: 200, body: { kind: 'storage#objects', items, nextPageToken } }
}

function permissionFor({ method, url }: StorageRequest): string {
  if (method === 'DELETE') return 'storage.objects.delete'
  if (LIST.test(url.pathname)) return 'storage.objects.list'
  return method === 'GET' ? 'storage.objects.get' : 'storage.objects.create'
}
