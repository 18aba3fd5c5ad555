import { publishResponse } from '../v1/publish.ts'
import { headerReference, parameterReference } from './components.ts'
import { APP, CERTIFICATE, HMAC_KEY, KEYS, ONSET, PADDING, TOKEN } from './examples.ts'
import { content, type Operation, type Render, refusal, withCode } from './operation.ts'
import { busy, PARTIAL, PUBLISH_ERRORS, retryAfter, TAKEN } from './publish-errors.ts'

const DESCRIPTION = `Stores the keys of a diagnosed person, which other phones will download.

**Certificate.** The phone draws an HMAC key and shows the health authority's verification server only the HMAC of its keys:
HMAC-SHA-256 over \`key.rollingStartNumber.rollingPeriod.transmissionRisk\` of each key, sorted by \`key\` as text and joined by
commas (without \`.transmissionRisk\`, if all are 0, is as good). The authority answers with a JWT (ES256) whose claim \`tekmac\` is that HMAC, and whose \`reportType\` and
\`symptomOnsetInterval\` are stored with the keys. The phone sends both along: \`verificationPayload\`, \`hmacKey\`.

**Keys.** A key that cannot be taken is left out and reported; the others are stored. A key that is still valid is kept back
until it has ended. Keys of a report type \`negative\` are not stored.

**Revision.** The reply holds a \`revisionToken\`. To change the report type of keys that were published, for example from
\`likely\` to \`confirmed\`, send them again with that token and a certificate of the new report type. A key is revised once.
A first publish may be sent again as it was when its reply was lost.

**Chaff.** So that nobody who watches the network learns who publishes, phones send decoys now and then: requests of about the
same size with the header \`X-Chaff\`. They are answered like a publish, with random contents, and change nothing.`

const version = { 'x-api-version': headerReference('x-api-version') }

const render: Render = (reply) => publishResponse({ ...reply, padding: PADDING })

export function publishV1(): { path: string; operation: Operation } {
  const refusals = Object.entries(PUBLISH_ERRORS).map(([status, codes]) => [
    status,
    refusal(codes, 'PublishResponse', render, { ...version, ...retryAfter(Number(status)) }),
  ])
  const operation: Operation = {
    operationId: 'publish',
    tags: ['Phones'],
    summary: 'Publish exposure keys',
    description: DESCRIPTION,
    security: [], // the certificate in the body is all
    parameters: [parameterReference('X-Chaff')],
    requestBody: { required: true, content: content('PublishRequest', REQUESTS) },
    responses: { 200: accepted(), ...Object.fromEntries(refusals), 429: busy() },
  }
  return { path: '/v1/publish', operation }
}

const FIRST = {
  temporaryExposureKeys: KEYS,
  healthAuthorityID: APP,
  verificationPayload: CERTIFICATE,
  hmacKey: HMAC_KEY,
  symptomOnsetInterval: ONSET,
  padding: PADDING,
}

const REQUESTS = {
  publish: { summary: 'The keys of three days', value: FIRST },
  revision: {
    summary: 'The same keys, revised, under a new certificate',
    value: { ...FIRST, revisionToken: TOKEN },
  },
}

function accepted() {
  const replies = {
    stored: {
      summary: 'All keys were stored',
      value: publishResponse({
        revisionToken: TOKEN,
        insertedExposures: KEYS.length,
        padding: PADDING,
      }),
    },
    revised: {
      summary: 'All keys were revised',
      value: publishResponse({ revisionToken: TOKEN, padding: PADDING }),
    },
    partial: {
      summary: 'Two of three keys were stored',
      value: publishResponse({
        revisionToken: TOKEN,
        insertedExposures: 2,
        code: PARTIAL.code,
        error: '1 error occurred:\n\t* key 2 cannot be imported: …\n\n',
        padding: PADDING,
      }),
    },
    chaff: { summary: 'To chaff', value: publishResponse({ padding: PADDING }) },
  }
  return {
    description: `${TAKEN}\n\n- \`${PARTIAL.code}\`: ${PARTIAL.meaning}`,
    headers: version,
    content: content(withCode('PublishResponse', [PARTIAL], { required: false }), replies),
  }
}
