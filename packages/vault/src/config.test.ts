import { describeConfig, loadConfig, maskedConfig } from '@ens/config'
import { expect, test } from 'vitest'
import { vaultConfig } from './config.ts'

const timeoutOf = (variables: Record<string, string>) =>
  loadConfig(vaultConfig, variables).timeoutMs

test.each([
  ['60', 60_000],
  ['60s', 60_000],
  ['1m30s', 90_000],
  ['250ms', 250],
])('VAULT_CLIENT_TIMEOUT=%s is read as by Vault’s own command: %d ms', (value, ms) => {
  expect(timeoutOf({ VAULT_CLIENT_TIMEOUT: value })).toBe(ms)
})

test.each(['', '0', '-5', '1.5', '60 ', 'soon', '9999999'])(
  'VAULT_CLIENT_TIMEOUT=%j is refused by its name',
  (value) => {
    expect(() => timeoutOf({ VAULT_CLIENT_TIMEOUT: value })).toThrow('VAULT_CLIENT_TIMEOUT: ')
  },
)

test('without it an operation may take 30 seconds, as the table of settings and the log at start say', () => {
  expect(timeoutOf({})).toBe(30_000)
  const described = describeConfig(vaultConfig).find(
    ({ variable }) => variable === 'VAULT_CLIENT_TIMEOUT',
  )
  expect(described).toMatchObject({ type: 'duration', fallback: '30s' })
  expect(maskedConfig(vaultConfig, loadConfig(vaultConfig, {}))).toMatchObject({
    VAULT_CLIENT_TIMEOUT: '30s',
  })
})
