import { regionForbidden } from '../errors.ts'
import { publishResponseV1alpha1 } from '../v1alpha1/publish.ts'
import { headerReference, parameterReference } from './components.ts'
import { APP, CERTIFICATE, HMAC_KEY, KEYS, PADDING, TOKEN } from './examples.ts'
import { type Code, content, list, type Operation, type Response } from './operation.ts'
import { busy, PARTIAL, PUBLISH_ERRORS, retryAfter, TAKEN } from './publish-errors.ts'

const DESCRIPTION = `The publish of the first phones, for those that still use it; there only where the server has it switched on
(\`ENABLE_V1ALPHA1_API\`). It does what \`/v1/publish\` does, with these differences:

- The app is named by \`appPackageName\`, the HMAC key by \`hmackey\`.
- \`regions\`, unless empty, take the place of the app's own. Who names several is a traveler.
- Replies hold every field but \`warnings\`, empty or not, and no \`code\`.`

const version = { 'x-api-version': headerReference('x-api-version') }

export function publishV1alpha1(): { path: string; operation: Operation } {
  const refusals = Object.entries(errorsByStatus()).map(([status, codes]) => [
    status,
    refusal(codes, Number(status)),
  ])
  const operation: Operation = {
    operationId: 'publishV1alpha1',
    tags: ['Phones'],
    summary: 'Publish exposure keys, as the first phones do',
    description: DESCRIPTION,
    deprecated: true,
    security: [],
    parameters: [parameterReference('X-Chaff')],
    requestBody: { required: true, content: content('PublishRequestV1alpha1', REQUESTS) },
    responses: { 200: accepted(), ...Object.fromEntries(refusals), 429: busy() },
  }
  return { path: '/', operation }
}

function errorsByStatus(): Record<number, readonly Code[]> {
  return { ...PUBLISH_ERRORS, 401: [...(PUBLISH_ERRORS[401] ?? []), regionForbidden] }
}

/** Of the codes only the meanings are told: the replies do not hold them. */
function refusal(codes: readonly Code[], status: number): Response {
  const examples = codes.map(({ code, meaning }) => [
    code,
    {
      summary: meaning,
      value: publishResponseV1alpha1({ error: meaning, padding: PADDING }),
    },
  ])
  return {
    description: list(codes.map(({ meaning }) => meaning)),
    headers: { ...version, ...retryAfter(status) },
    content: content('PublishResponseV1alpha1', Object.fromEntries(examples)),
  }
}

const REQUESTS = {
  publish: {
    summary: 'The keys of three days',
    value: {
      temporaryExposureKeys: KEYS,
      appPackageName: APP,
      regions: ['US'],
      verificationPayload: CERTIFICATE,
      hmackey: HMAC_KEY,
      padding: PADDING,
    },
  },
}

function accepted(): Response {
  const stored = { revisionToken: TOKEN, insertedExposures: KEYS.length, padding: PADDING }
  const partial = { ...stored, insertedExposures: 2, error: PARTIAL.meaning }
  return {
    description: `${TAKEN} Where \`error\` is not empty, some keys were refused.`,
    headers: version,
    content: content('PublishResponseV1alpha1', {
      stored: { summary: 'All keys were stored', value: publishResponseV1alpha1(stored) },
      partial: {
        summary: 'Two of three keys were stored',
        value: publishResponseV1alpha1(partial),
      },
    }),
  }
}
