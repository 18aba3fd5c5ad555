import { decodePublishBody, type PublishReply, publishResponse } from '@ens/api'
import type { Platform } from '@ens/domain'
import type { PublishInput } from './publish.ts'

/** One version of the publish API: how its requests are read and its replies are written. */
export interface PublishApi {
  /** The value of the header `x-api-version`. */
  version: string
  /** Throws `bad_request` with status 400, 413 or 415. */
  decode(body: Uint8Array, contentType: string | undefined, platform: Platform): PublishInput
  render(reply: PublishReply): object
}

export const publishV1: PublishApi = {
  version: 'v1',
  decode(body, contentType, platform) {
    const request = decodePublishBody(body, contentType)
    return {
      keys: request.temporaryExposureKeys,
      appName: request.healthAuthorityID,
      regions: [],
      certificate: request.verificationPayload,
      hmacKey: request.hmacKey,
      symptomOnsetInterval: request.symptomOnsetInterval,
      traveler: request.traveler,
      revisionToken: request.revisionToken,
      platform,
    }
  },
  render: publishResponse,
}
