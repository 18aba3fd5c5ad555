import { loadConfig } from '@ens/config'
import { expect, test } from 'vitest'
import { retentionConfig, retentionCutoff } from './retention.ts'

const NOON = new Date('2020-06-15T12:00:00Z')
const cutoff = (variables: Record<string, string>) =>
  retentionCutoff(loadConfig(retentionConfig, variables), NOON).toISOString()

const ALLOWED = { DEBUG_OVERRIDE_CLEANUP_MIN_DURATION: 'true' }

test.each([
  [{}, '2020-06-01T12:00:00.000Z'],
  [{ CLEANUP_TTL: '240h' }, '2020-06-05T12:00:00.000Z'],
  [{ CLEANUP_TTL: '241h' }, '2020-06-05T11:00:00.000Z'],
  [{ CLEANUP_TTL: '216h', ...ALLOWED }, '2020-06-06T12:00:00.000Z'],
  [{ CLEANUP_TTL: '0', ...ALLOWED }, '2020-06-15T12:00:00.000Z'],
])('with %o what is older than %s goes', (variables, moment) => {
  expect(cutoff(variables)).toBe(moment)
})

test.each([
  [{ CLEANUP_TTL: '239h' }, '239h0m0s is less than configured minimum ttl of 240h0m0s'],
  [{ CLEANUP_TTL: '216h' }, '216h0m0s is less than configured minimum ttl of 240h0m0s'],
  [{ CLEANUP_TTL: '-1s' }, '-1s is less than configured minimum ttl of 240h0m0s'],
  [{ CLEANUP_TTL: '-1h', ...ALLOWED }, '-1h0m0s is less than configured minimum ttl of 0s'],
])('%o is refused: cleanup ttl %s', (variables, problem) => {
  expect(() => cutoff(variables)).toThrow(
    expect.objectContaining({ code: 'cleanup_ttl_too_short', message: `cleanup ttl ${problem}` }),
  )
})

test.each(['0', '-1s', '25h'])('a run of %s is refused at the start', (CLEANUP_TIMEOUT) => {
  expect(() => loadConfig(retentionConfig, { CLEANUP_TIMEOUT })).toThrow(
    'CLEANUP_TIMEOUT: must be more than 0 and at most 24h',
  )
})
