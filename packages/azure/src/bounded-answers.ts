import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline'

/** A secret of Key Vault has at most 25 KB, a page of a list less than 1 MiB: see `MAX_SECRET_BYTES` of secrets. */
const LONGEST_ANSWER_BYTES = 1024 * 1024
const EVERY_STATUS: ReadonlySet<number> = new Set([Number.POSITIVE_INFINITY])

/**
 * Reads the answers that the SDK would read whole, whatever their length. One that is too long ends its connection, and the
 * call with an error that is not worth another try.
 */
export const boundedAnswers: PipelinePolicy = {
  name: 'boundedAnswers',
  async sendRequest(request, next) {
    const { streamResponseStatusCodes } = request
    request.streamResponseStatusCodes = new Set(EVERY_STATUS)
    const response = await next(request)
    if (streamResponseStatusCodes) request.streamResponseStatusCodes = streamResponseStatusCodes
    else delete request.streamResponseStatusCodes
    return read(response)
  },
}

async function read(response: PipelineResponse): Promise<PipelineResponse> {
  const { readableStreamBody: body, ...rest } = response
  return body ? { ...rest, bodyAsText: await textOf(body) } : response
}

async function textOf(body: NodeJS.ReadableStream): Promise<string> {
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for await (const piece of body) {
    sizeBytes += piece.length
    // Leaving the loop by an error ends the stream, and with it the connection.
    if (sizeBytes > LONGEST_ANSWER_BYTES) throw new AnswerTooLong('the answer is too long')
    pieces.push(Buffer.from(piece))
  }
  return Buffer.concat(pieces).toString()
}

class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong'
}
