import { expect, test } from 'vitest'
import { keyVault } from './key-vault.ts'

test('each vault has its own address, and gets tokens for its own cloud only', () => {
  expect(keyVault('https://{vault}.vault.azure.net', 'mine')).toMatchObject({
    url: 'https://mine.vault.azure.net',
    options: { disableChallengeResourceVerification: false },
  })
})

test('a server for all vaults is the one that the operator has named', () => {
  expect(keyVault('https://127.0.0.1:8443', 'mine')).toMatchObject({
    url: 'https://127.0.0.1:8443',
    options: { disableChallengeResourceVerification: true },
  })
})
