import {
  decodePublishBody,
  decodePublishBodyV1alpha1,
  fromV1alpha1,
  type PublishReply,
  type PublishRequest,
  publishResponse,
  publishResponseV1alpha1,
} from '@ens/api'
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
  decode: (body, contentType, platform) =>
    publishInput(decodePublishBody(body, contentType), [], platform),
  render: publishResponse,
}

/** The old API: the request names the regions, and replies hold no code. */
export const publishV1alpha1: PublishApi = {
  version: 'v1alpha',
  decode(body, contentType, platform) {
    const request = decodePublishBodyV1alpha1(body, contentType)
    return publishInput(fromV1alpha1(request), request.regions, platform)
  },
  render: publishResponseV1alpha1,
}

function publishInput(
  request: PublishRequest,
  regions: readonly string[],
  platform: Platform,
): PublishInput {
  return {
    keys: request.temporaryExposureKeys,
    appName: request.healthAuthorityID,
    regions,
    certificate: request.verificationPayload,
    hmacKey: request.hmacKey,
    symptomOnsetInterval: request.symptomOnsetInterval,
    traveler: request.traveler,
    revisionToken: request.revisionToken,
    platform,
  }
}
