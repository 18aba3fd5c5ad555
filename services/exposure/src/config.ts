import { duration, env, flag, integer, optionalText, text } from '@ens/config'
import { databaseConfig } from '@ens/database/config'
import { decodeBase64 } from '@ens/domain'
import { keysConfig } from '@ens/keys'
import { observabilityConfig } from '@ens/observability'
import { limitsConfig, serverConfig } from '@ens/server/config'
import { z } from 'zod'

const HOUR_MS = 3_600_000

/** The rules of publishing. */
const publishConfig = z.object({
  maxKeys: env(
    'MAX_KEYS_ON_PUBLISH',
    integer({ min: 1, max: 1000, fallback: 30 }),
    'Most keys that one publish may hold.',
  ),
  maxSameStartKeys: env(
    'MAX_SAME_START_INTERVAL_KEYS',
    integer({ min: 1, fallback: 3 }),
    'Most keys of one publish that may begin in the same ten-minute interval.',
  ),
  maxIntervalAgeMs: env(
    'MAX_INTERVAL_AGE_ON_PUBLISH',
    duration('360h').refine((ms) => ms > 0, 'must be more than nothing'),
    'Keys that ended longer ago are refused, and leave revision tokens.',
  ),
  truncateWindowMs: env(
    'TRUNCATE_WINDOW',
    duration('1h').refine(
      (ms) => ms > 0 && ms <= 24 * HOUR_MS,
      'must be more than 0 and at most 24h',
    ),
    'Arrival is stored no finer than this. The export service must be told the same.',
  ),
  maxSymptomOnsetDays: env(
    'MAX_SYMPTOM_ONSET_DAYS',
    integer({ min: 1, max: 1000, fallback: 14 }),
    'Keys further than this from the symptom onset, before or after, are left out.',
  ),
  maxValidSymptomOnsetReportDays: env(
    'MAX_VALID_SYMPTOM_ONSET_REPORT_DAYS',
    integer({ min: 1, max: 1000, fallback: 28 }),
    'An onset longer ago is not believed, and the default is taken.',
  ),
  defaultSymptomOnsetDaysAgo: env(
    'DEFAULT_SYMPTOM_ONSET_DAYS_AGO',
    integer({ min: 0, max: 1000, fallback: 4 }),
    'The onset of a publish that names none that can be believed.',
  ),
  releasesSameDayKeys: env(
    'DEBUG_RELEASE_SAME_DAY_KEYS',
    flag(false),
    'For development only: export keys that are still valid. Makes phones trackable.',
  ),
  defaultRegion: env('DEFAULT_REGION', optionalText(), 'Region of keys whose app has none.'),
  allowsPartialRevisions: env(
    'ALLOW_PARTIAL_REVISIONS',
    flag(false),
    'Leave out known keys that the revision token does not list, instead of refusing the publish.',
  ),
})

const revisionTokenConfig = z.object({
  keyId: env(
    'REVISION_TOKEN_KEY_ID',
    text(),
    'The key manager’s id of the key that wraps the keys of revision tokens.',
  ),
  aad: env(
    'REVISION_TOKEN_AAD',
    text().refine((given) => decodeBase64(given)?.length, 'must be base64'),
    'Binds revision tokens to this deployment, in base64. Must never change: no phone could revise its keys.',
    { secret: true },
  ),
  minLength: env(
    'REVISION_TOKEN_MIN_LENGTH',
    integer({ min: 1, max: 1000, fallback: 28 }),
    'Revision tokens are filled up as if they listed at least this many keys.',
  ),
  keyCacheMs: env(
    'REVISION_KEY_CACHE_DURATION',
    duration('1m').refine((ms) => ms > 0 && ms <= HOUR_MS, 'must be more than 0 and at most 60m'),
    'How often the keys of revision tokens are read again, in the background.',
  ),
})

const paddingConfig = z.object({
  minBytes: env(
    'RESPONSE_PADDING_MIN_BYTES',
    integer({ max: 1_000_000, fallback: 1024 }),
    'Least number of random bytes in a reply, before base64. 0 or less counts as 1024.',
  ),
  rangeBytes: env(
    'RESPONSE_PADDING_RANGE',
    integer({ max: 1_000_000, fallback: 1024 }),
    'By how many more bytes replies differ. 0 or less counts as 1024.',
  ),
})

const statsConfig = z.object({
  audience: env(
    'STATS_AUDIENCE',
    text('keyserver'),
    'The audience that tokens for the statistics API must name.',
  ),
  minimumPublishes: env(
    'STATS_UPLOAD_MINIMUM',
    integer({ min: 10, fallback: 10 }),
    'Days with fewer publishes are withheld from the statistics.',
  ),
  embargoMs: env(
    'STATS_EMBARGO_PERIOD',
    duration('48h').refine((ms) => ms <= 0 || ms >= 48 * HOUR_MS, 'must be at least 48h, or 0'),
    'So long after its end a day is shown whatever its size; 0: never.',
  ),
  padding: z.object({
    minBytes: env(
      'STATS_RESPONSE_PADDING_MIN_BYTES',
      integer({ max: 1_000_000, fallback: 2048 }),
      'Least number of random bytes in a reply of the statistics API. 0 or less counts as 1024.',
      { fallback: 'RESPONSE_PADDING_MIN_BYTES' },
    ),
    rangeBytes: env(
      'STATS_RESPONSE_PADDING_RANGE',
      integer({ max: 1_000_000, fallback: 1024 }),
      'By how many more bytes replies of the statistics API differ. 0 or less counts as 1024.',
      { fallback: 'RESPONSE_PADDING_RANGE' },
    ),
  }),
})

export const config = z.object({
  server: serverConfig,
  limits: limitsConfig,
  observability: observabilityConfig,
  database: databaseConfig,
  keys: keysConfig,
  publish: publishConfig,
  revisionToken: revisionTokenConfig,
  padding: paddingConfig,
  stats: statsConfig,
  maintenanceMode: env(
    'MAINTENANCE_MODE',
    flag(false),
    'Answer every request with 429, `please try again later`. Probes (`/livez`, `/readyz`) go on.',
  ),
  servesV1alpha1: env(
    'ENABLE_V1ALPHA1_API',
    flag(false),
    'Serve the old publish API too, at `POST /`.',
  ),
  servesApiDocs: env(
    'SERVE_API_DOCS',
    flag(false),
    'Serve the description of the API at `/docs` (a page) and `/openapi.json`.',
  ),
  appCacheMs: env(
    'AUTHORIZED_APP_CACHE_DURATION',
    duration('5m').refine((ms) => ms >= 0, 'must not be negative'),
    'How long authorized apps are still believed while the database cannot be asked. Changes act within seconds.',
  ),
  healthAuthorityCacheMs: env(
    'VERIFICATION_CACHE_DURATION',
    duration('5m').refine((ms) => ms >= 0, 'must not be negative'),
    'How long health authorities are still believed while the database cannot be asked. Changes act within seconds.',
  ),
  chaffMaxLatencyMs: env(
    'CHAFF_REQUEST_MAX_LATENCY_MS',
    integer({ min: 0, max: 15_000, fallback: 1000 }),
    'Longest that a reply to chaff is held back, in milliseconds, however long publishes take. 0: no limit.',
  ),
  logsBadBodies: env(
    'LOG_JSON_PARSE_ERRORS',
    flag(false),
    'Log as a warning what was wrong with bodies that cannot be read.',
  ),
  logsBadCertificates: env(
    'DEBUG_LOG_BAD_CERTIFICATES',
    flag(false),
    'For development only: log certificates that were refused, whole.',
  ),
})

export type Config = z.output<typeof config>
