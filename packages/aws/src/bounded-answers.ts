/** A secret of Secrets Manager has at most 64 KiB, answers of KMS and S3's error documents less. Objects are read elsewhere. */
const LONGEST_ANSWER_BYTES = 1024 * 1024

class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong'
}

/**
 * Reads an answer for the SDK, which by itself would read any length. One that is too long ends its connection, and the call
 * with an error that is not worth another try.
 */
export async function boundedAnswer(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for await (const piece of body) {
    sizeBytes += piece.length
    if (sizeBytes > LONGEST_ANSWER_BYTES) throw new AnswerTooLong('the answer is too long')
    pieces.push(piece)
  }
  return Buffer.concat(pieces, sizeBytes)
}
