import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  choice,
  describeConfig,
  duration,
  env,
  flag,
  formatDuration,
  integer,
  LONGEST_TIMEOUT_MS,
  list,
  loadConfig,
  maskedConfig,
  optionalText,
  parseDuration,
  ratio,
  shortDuration,
  text,
  textIfSet,
  timeout,
  wordIgnoringCase,
} from './index.ts'

const group = z
  .object({
    cert: env('DB_CERT', optionalText(), 'Certificate.'),
    key: env('DB_KEY', optionalText(), 'Its key.', { secret: true }),
  })
  .superRefine(({ cert, key }, context) => {
    if ((cert === undefined) !== (key === undefined))
      context.addIssue({ code: 'custom', path: ['key'], message: 'belongs to DB_CERT' })
  })

const schema = z.object({
  host: env('DB_HOST', text(), 'Host.'),
  port: env('PORT', integer({ min: 1, max: 65_535, fallback: 8080 }), 'Port.'),
  ttlMs: env('TTL', duration('336h'), 'Time to live.'),
  waitMs: env('WAIT', duration(), 'No default.'),
  strict: env('STRICT', flag(false), 'Strict.'),
  mode: env('MODE', choice(['A', 'B'], 'A'), 'Mode.'),
  exporter: env('EXPORTER', wordIgnoringCase(['NOOP', 'OTLP'], 'NOOP'), 'Exporter.'),
  names: env('NAMES', list(''), 'Names.'),
  project: env('PROJECT_ID', optionalText(), 'Project.', { fallback: 'GOOGLE_CLOUD_PROJECT' }),
  tls: group,
})
const needed = { DB_HOST: 'db', WAIT: '1s' }
const problemOf = (variables: Record<string, string>) => {
  try {
    loadConfig(schema, variables)
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
}

test('what is not set takes its default', () => {
  expect(loadConfig(schema, needed)).toEqual({
    host: 'db',
    port: 8080,
    ttlMs: 1_209_600_000,
    waitMs: 1000,
    strict: false,
    mode: 'A',
    exporter: 'NOOP',
    names: [],
    project: undefined,
    tls: { cert: undefined, key: undefined },
  })
})

test('everything that is wrong is said at once, by variable', () => {
  expect(problemOf({ PORT: '70000', TTL: '5 minutes', MODE: 'C', DB_CERT: 'x' })).toBe(
    'DB_HOST: required, but not set; PORT: more than 65535; ' +
      'TTL: not a duration; write for example 90s, 5m or 1h30m; WAIT: required, but not set; ' +
      'MODE: not one of A, B; DB_KEY: belongs to DB_CERT',
  )
  expect(problemOf({ ...needed, DB_CERT: 'x' })).toBe('DB_KEY: belongs to DB_CERT')
})

test('what a group as a whole is reproached with is said in its own words', () => {
  const either = z
    .object({ group: z.object({ a: env('A', flag(false), ''), b: env('B', flag(false), '') }) })
    .superRefine(({ group: { a, b } }, context) => {
      if (a && b)
        context.addIssue({ code: 'custom', path: ['group'], message: 'A and B exclude each other' })
    })
  expect(() => loadConfig(either, { A: '1', B: '1' })).toThrow(/^A and B exclude each other$/)
})

test('a variable that could not be read is reported with the others, once', () => {
  const unreadable = new Map([['DB_HOST', 'there is no secret db']])
  const load = () => loadConfig(schema, { WAIT: 'soon' }, { unreadable })
  expect(load).toThrow(
    /^DB_HOST: there is no secret db; WAIT: not a duration; write for example 90s, 5m or 1h30m$/,
  )
  expect(() => loadConfig(schema, needed, { unreadable })).toThrow('DB_HOST: there is no secret db')
})

test('a wrong value is not quoted: it may be a secret in the wrong place', () => {
  expect(problemOf({ ...needed, PORT: 'hunter2', MODE: 'hunter2', TTL: 'hunter2' })).not.toContain(
    'hunter2',
  )
})

test.each(['DB_HOST', 'PORT', 'TTL', 'STRICT', 'MODE'])(
  '%s set but empty is an error, not its default',
  (variable) => {
    expect(problemOf({ ...needed, [variable]: '' })).toContain(`${variable}: `)
  },
)

test('a fallback variable is read when the first is not set', () => {
  const project = (variables: Record<string, string>) =>
    loadConfig(schema, { ...needed, ...variables }).project
  expect(project({ GOOGLE_CLOUD_PROJECT: 'g' })).toBe('g')
  expect(project({ GOOGLE_CLOUD_PROJECT: 'g', PROJECT_ID: 'p' })).toBe('p')
})

describe('spellings', () => {
  const one = (type: z.ZodType, value: string) =>
    loadConfig(z.object({ value: env('V', type, '') }), { V: value }).value

  test.each([
    ['1', true],
    ['t', true],
    ['True', true],
    ['0', false],
    ['F', false],
    ['FALSE', false],
  ])('the flag %s', (value, meaning) => {
    expect(one(flag(), value)).toBe(meaning)
  })

  test.each(['yes', 'tRUE', ' true', ''])('the flag %j is refused', (value) => {
    expect(() => one(flag(), value)).toThrow('V: ')
  })

  test.each([
    ['0', 0],
    ['-12', -12],
    ['+5', 5],
    ['1_000', 1000],
    ['0x1F', 31],
    ['0o17', 15],
    ['-0b101', -5],
  ])('the number %s', (value, meaning) => {
    expect(one(integer(), value)).toBe(meaning)
  })

  test.each(['010', '1.5', '1e3', ' 1', '1__0', '0x', '', '99999999999999999999'])(
    'the number %j is refused',
    (value) => {
      expect(() => one(integer(), value)).toThrow('V: ')
    },
  )

  test.each([
    ['1ms', 1],
    ['1.6ms', 2],
    ['30s', 30_000],
    ['576h', LONGEST_TIMEOUT_MS],
  ])('the time-out %s', (value, meaning) => {
    expect(one(timeout(), value)).toBe(meaning)
  })

  test.each([
    ['0', 'V: must be at least 1ms'],
    ['-1s', 'V: must be at least 1ms'],
    ['100us', 'V: must be at least 1ms'],
    ['576h0m1s', 'V: more than 576h0m0s, the longest that can be waited for'],
    ['soon', 'V: not a duration'],
    ['', 'V: not a duration'],
  ])('the time-out %j is refused', (value, problem) => {
    expect(() => one(timeout(), value)).toThrow(problem)
  })

  test('a time-out has a default like any duration', () => {
    const schema = z.object({ value: env('V', timeout('20s'), 'Grace.') })
    expect(loadConfig(schema, {})).toEqual({ value: 20_000 })
    expect(describeConfig(schema)).toMatchObject([{ type: 'duration', fallback: '20s' }])
  })

  test('what is added to the longest time-out still fits a timer, up to 20 hours', () => {
    expect(LONGEST_TIMEOUT_MS + 20 * 3_600_000).toBeLessThan(2 ** 31)
  })

  test('text that would be a trap when empty may be unset, but not empty', () => {
    const trap = z.object({ value: env('V', textIfSet(), '') })
    expect(loadConfig(trap, {})).toEqual({ value: undefined })
    expect(loadConfig(trap, { V: 'x' })).toEqual({ value: 'x' })
    expect(() => loadConfig(trap, { V: '' })).toThrow('V: must not be empty; leave it unset')
  })

  test('lists are trimmed, and empty items dropped', () => {
    expect(one(list(), ' a, b ,,c')).toEqual(['a', 'b', 'c'])
    expect(one(list(), '')).toEqual([])
  })

  test.each([
    ['0', 0],
    ['1', 1],
    ['0.40', 0.4],
    ['.5', 0.5],
  ])('the ratio %s', (value, meaning) => {
    expect(one(ratio(), value)).toBe(meaning)
  })

  test.each(['1.1', '-0.5', '40%', '1e-1', '', '.'])('the ratio %j is refused', (value) => {
    expect(() => one(ratio(), value)).toThrow('V: not a number from 0 to 1')
  })

  test('a word in any letter case', () => {
    expect(one(wordIgnoringCase(['OTLP']), 'otlp')).toBe('OTLP')
  })
})

test.each([
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['24h0m0s', 86_400_000],
  ['-1s', -1000],
  ['100ms', 100],
  ['1.5s', 1500],
  ['.5s', 500],
  ['1m30s500ms', 90_500],
  ['1.1s', 1100],
  ['0.29m', 17_400],
  ['0', 0],
  ['0s', 0],
])('the duration %s is %d ms', (given, ms) => {
  expect(parseDuration(given)).toBe(ms)
})

test.each(['', '5', '5 m', 'm', '1d', '1h-5m', '--1s', '1H', 's5'])(
  'the duration %j is refused',
  (given) => {
    expect(() => parseDuration(given)).toThrow('not a duration')
  },
)

test.each([
  [860_400_000, '239h0m0s', '239h'],
  [90_000, '1m30s', '1m30s'],
  [300_000, '5m0s', '5m'],
  [250, '250ms', '250ms'],
  [-1000, '-1s', '-1s'],
  [0, '0s', '0s'],
])('%d ms is written %s', (ms, long, short) => {
  expect(formatDuration(ms)).toBe(long)
  expect(shortDuration(ms)).toBe(short)
})

test('the operators’ table knows type, default, sentence and secrecy', () => {
  const settings = describeConfig(schema)
  expect(settings.map(({ variable }) => variable)).toEqual([
    ...['DB_HOST', 'PORT', 'TTL', 'WAIT', 'STRICT', 'MODE', 'EXPORTER', 'NAMES', 'PROJECT_ID'],
    ...['DB_CERT', 'DB_KEY'],
  ])
  expect(settings[0]).toEqual({
    variable: 'DB_HOST',
    fallbackVariable: undefined,
    type: 'text',
    fallback: undefined,
    description: 'Host.',
    secret: false,
    live: false,
  })
  expect(settings[2]).toMatchObject({ type: 'duration', fallback: '336h' })
  expect(settings[5]).toMatchObject({ type: 'A | B', fallback: 'A' })
  expect(settings[8]).toMatchObject({ fallbackVariable: 'GOOGLE_CLOUD_PROJECT', fallback: '' })
  expect(settings[10]).toMatchObject({ secret: true })
})

test('a bound or another form that a setting is given later changes nothing in the table', () => {
  const described = describeConfig(
    z.object({
      ttl: env(
        'TTL',
        duration('336h')
          .refine((ms) => ms > 0, 'must be positive')
          .pipe(z.number()),
        'A.',
      ),
      shout: env(
        'SHOUT',
        text().transform((given) => given.toUpperCase()),
        'B.',
      ),
    }),
  )
  expect(described).toMatchObject([
    { variable: 'TTL', type: 'duration', fallback: '336h' },
    { variable: 'SHOUT', type: 'text', fallback: undefined },
  ])
})

test('secrets are masked when a configuration is printed', () => {
  const config = loadConfig(schema, { ...needed, DB_CERT: 'c', DB_KEY: 'hunter2' })
  expect(maskedConfig(schema, config)).toMatchObject({ DB_HOST: 'db', DB_CERT: 'c', DB_KEY: '***' })
  expect(maskedConfig(schema, loadConfig(schema, needed))).toMatchObject({
    DB_KEY: undefined,
    TTL: '336h',
  })
})

test('what came from a secret manager is masked too, whatever its variable is called', () => {
  const config = loadConfig(schema, { ...needed, GOOGLE_CLOUD_PROJECT: 'hunter2' })
  const hidden = new Set(['DB_HOST', 'GOOGLE_CLOUD_PROJECT'])
  expect(maskedConfig(schema, config, { hidden })).toMatchObject({
    DB_HOST: '***',
    PROJECT_ID: '***',
    PORT: 8080,
  })
})

test('a URL is shown without the password or signature that it may hold', () => {
  const schema = z.object({ collector: env('COLLECTOR', text(), 'Collector.') })
  const shown = (url: string) => maskedConfig(schema, { collector: url }).COLLECTOR
  expect(shown('https://user:hunter2@host:8443/path')).toBe('https://***@host:8443/path')
  expect(shown('https://host/path?sig=hunter2')).toBe('https://host/path?***')
  expect(shown('https://host:443/path')).toBe('https://host:443/path')
  expect(shown('a://b c')).toBe('a://b c')
})
