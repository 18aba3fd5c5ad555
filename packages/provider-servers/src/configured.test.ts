import { expect, test } from 'vitest'
import { whenConfigured } from './configured.ts'

test('a provider whose variables are all set registers its suite with them', () => {
  const registered: unknown[] = []
  const variables = { A_KEY: 'a', A_REGION: 'b' }
  whenConfigured('A', ['A_KEY', 'A_REGION'], (values) => registered.push(values), variables)
  expect(registered).toEqual([variables])
})

test.each([{}, { A_KEY: '', A_REGION: 'b' }])(
  'one without registers nothing: %j',
  (variables: Record<string, string>) => {
    const registered: unknown[] = []
    whenConfigured('A', ['A_KEY'], (values) => registered.push(values), variables)
    expect(registered).toEqual([])
  },
)
