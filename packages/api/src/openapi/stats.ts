import { badRequest } from '../errors.ts'
import type { StatsDay, StatsResponse } from '../v1/stats.ts'
import { parameterReference } from './components.ts'
import { PADDING } from './examples.ts'
import { type Code, content, type Operation, type Render, refusal } from './operation.ts'
import { busy, retryAfter } from './publish-errors.ts'

const DESCRIPTION = `How the people of one health authority publish, by UTC day, for that authority.

The bearer token is a JWT (ES256) that the authority signs with one of the keys it certifies with: header \`kid\`, claims \`iss\` (the
authority), \`aud\` (\`keyserver\`, unless the server was told otherwise), \`iat\` and \`exp\`. The authority must be allowed to read.

A day is shown once it has enough publishes, or is long past, so that nothing can be learnt of single people. The hour in
progress is never counted.`

/** Declared beside the code that checks tokens, which rests on this package. */
const UNAUTHORIZED: Code = {
  code: 'unauthorized',
  meaning: 'The bearer token does not give its health authority access to statistics.',
}

const UNAVAILABLE: Code = {
  code: 'internal_error',
  meaning: 'The statistics could not be read just now; the same request may succeed later.',
}

const unread: Render = (error) => ({ ...error, padding: '' }) satisfies StatsResponse

const refused: Render = (error) => ({ ...error, padding: PADDING }) satisfies StatsResponse

export function stats(): { path: string; operation: Operation } {
  const days: StatsResponse = { days: [DAY], padding: PADDING }
  const none: StatsResponse = { padding: PADDING }
  const operation: Operation = {
    operationId: 'readStatistics',
    tags: ['Health authorities'],
    summary: 'Read statistics on publishes',
    description: DESCRIPTION,
    security: [{ healthAuthority: [] }],
    parameters: [parameterReference('X-Chaff')],
    requestBody: {
      required: true,
      content: content('StatsRequest', {
        request: { summary: 'There is nothing to say', value: { padding: PADDING } },
      }),
    },
    responses: {
      200: {
        description: 'The days that may be shown.',
        headers: {},
        content: content('StatsResponse', {
          days: { summary: 'One day', value: days },
          none: { summary: 'No day may be shown', value: none },
        }),
      },
      400: refusal([badRequest], 'StatsResponse', unread, {}),
      401: refusal([UNAUTHORIZED], 'StatsResponse', refused, {}),
      429: busy(),
      503: refusal([UNAVAILABLE], 'StatsResponse', refused, retryAfter(503)),
    },
  }
  return { path: '/v1/stats', operation }
}

const DAY: StatsDay = {
  day: '2026-11-20T00:00:00Z',
  publish_requests: { unknown: 2, android: 10, ios: 30 },
  total_teks_published: 400,
  requests_with_revisions: 3,
  tek_age_distribution: [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 0, 0],
  onset_to_upload_distribution: [
    ...[0, 1, 2, 6, 9, 8, 5, 3, 2, 1, 0, 0, 0, 0, 0],
    ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ],
  requests_missing_onset_date: 2,
}
