import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { ObjectMetadata, Upload } from './bucket.ts'
import { type Answer, failure } from './http-answers.ts'

export interface UploadRequest {
  bucket: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
}

/** Whole uploads: https://cloud.google.com/storage/docs/uploading-objects; undefined if the body is not one. */
export function wholeUpload(request: UploadRequest): Upload | undefined {
  if (request.query.get('uploadType') === 'multipart') return multipartUpload(request)
  const { bucket, query, headers, body } = request
  const contentType = headers['content-type'] ?? 'application/octet-stream'
  return { bucket, name: query.get('name') ?? '', contents: body, resource: { contentType } }
}

/** A part of JSON and one of bytes, as `multipart/related` (RFC 2387). */
function multipartUpload({ bucket, query, headers, body }: UploadRequest): Upload | undefined {
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '')?.[1]
  const [json, media, ...more] = boundary === undefined ? [] : partsOf(body, boundary)
  if (!json || !media || more.length > 0) return undefined
  const { name, ...metadata } = parsed(json.contents)
  const contentType = metadata.contentType ?? media.contentType
  return {
    bucket,
    name: query.get('name') ?? name ?? '',
    contents: media.contents,
    resource: { ...metadata, contentType },
  }
}

function partsOf(body: Buffer, boundary: string): { contentType: string; contents: Buffer }[] {
  const delimiter = Buffer.from(`--${boundary}`)
  const parts: { contentType: string; contents: Buffer }[] = []
  let start = body.indexOf(delimiter)
  for (;;) {
    const end = body.indexOf(`\r\n--${boundary}`, start + delimiter.length)
    if (start < 0 || end < 0) return parts
    parts.push(partOf(body.subarray(start + delimiter.length + 2, end)))
    start = end + 2
  }
}

function partOf(part: Buffer): { contentType: string; contents: Buffer } {
  const blank = part.indexOf('\r\n\r\n')
  const contentType = /content-type: *([^\r\n]*)/i.exec(part.toString('latin1', 0, blank))?.[1]
  return { contentType: contentType ?? 'text/plain', contents: part.subarray(blank + 4) }
}

function parsed(json: Buffer): ObjectMetadata & { name?: string } {
  return JSON.parse(json.toString())
}

interface Session {
  bucket: string
  query: URLSearchParams
  metadata: ObjectMetadata & { name?: string }
  received: Buffer
}

/** Uploads in pieces: https://cloud.google.com/storage/docs/performing-resumable-uploads */
export class ResumableUploads {
  readonly #sessions = new Map<string, Session>()

  begin({ bucket, query, headers, body }: UploadRequest, origin: string): Answer {
    const id = randomUUID()
    const metadata = body.length > 0 ? parsed(body) : {}
    const contentType = metadata.contentType ?? headers['x-upload-content-type']?.toString()
    const typed = contentType === undefined ? metadata : { ...metadata, contentType }
    this.#sessions.set(id, { bucket, query, metadata: typed, received: Buffer.alloc(0) })
    const name = encodeURIComponent(query.get('name') ?? metadata.name ?? '')
    const location = `${origin}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&name=${name}&upload_id=${id}`
    return { status: 200, headers: { location, 'content-length': '0' } }
  }

  /** Takes a piece; the upload once it is whole, else what to answer. */
  receive({
    query,
    headers,
    body,
  }: UploadRequest): { upload: Upload; query: URLSearchParams } | Answer {
    const session = this.#sessions.get(query.get('upload_id') ?? '')
    if (!session) return failure(404, 'notFound', 'The upload session does not exist.')
    const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(headers['content-range'] ?? '')
    const from = range?.[1] === undefined ? session.received.length : Number(range[1])
    if (from > session.received.length) return failure(400, 'invalid', 'A piece is missing.')
    session.received = Buffer.concat([session.received.subarray(0, from), body])
    const total = range ? range[3] : String(session.received.length)
    if (total !== String(session.received.length)) return incomplete(session.received.length)
    return { upload: this.#finish(query.get('upload_id') ?? '', session), query: session.query }
  }

  #finish(id: string, { bucket, query, metadata, received }: Session): Upload {
    this.#sessions.delete(id)
    const { name, ...rest } = metadata
    return { bucket, name: query.get('name') ?? name ?? '', contents: received, resource: rest }
  }
}

function incomplete(received: number): Answer {
  const range: Record<string, string> = received > 0 ? { range: `bytes=0-${received - 1}` } : {}
  return { status: 308, headers: { ...range, 'content-length': '0' } }
}
