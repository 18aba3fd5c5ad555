import { expect, test } from 'vitest'
import { compareResults } from './compare.ts'
import type { Figure } from './figure.ts'
import type { Result } from './result.ts'

const DEFAULTS: Figure = {
  id: 'rate',
  name: 'publishes',
  unit: '/s',
  better: 'higher',
  rounds: [],
}

const MACHINE = {
  cpu: 'EPYC',
  cores: 2,
  memoryGb: 24,
  system: 'linux x64 6',
  node: 'v26.10.0',
  postgres: '18.4',
}

function result(figures: Partial<Figure>[], changes: Partial<Result> = {}): Result {
  return {
    version: 1,
    at: '2026-01-01T00:00:00Z',
    commit: 'abc',
    size: 'default',
    runtime: 'built',
    machine: MACHINE,
    figures: figures.map((figure) => ({ ...DEFAULTS, ...figure })),
    evidence: {},
    ...changes,
  }
}

const verdict = (before: Partial<Figure>, after: Partial<Figure>) =>
  compareResults(result([before]), result([after])).changes[0]?.verdict

test('a rate that falls by more than the noise became slower', () => {
  expect(verdict({ rounds: [1000] }, { rounds: [900] })).toBe('slower')
  expect(verdict({ rounds: [1000] }, { rounds: [1100] })).toBe('faster')
  expect(verdict({ rounds: [1000] }, { rounds: [960] })).toBe('same')
})

test('a time that grows became slower', () => {
  expect(verdict({ better: 'lower', rounds: [10] }, { better: 'lower', rounds: [12] })).toBe(
    'slower',
  )
  expect(verdict({ better: 'lower', rounds: [10] }, { better: 'lower', rounds: [8] })).toBe(
    'faster',
  )
})

test('what the rounds of either result scatter is noise', () => {
  expect(verdict({ rounds: [900, 1000, 1100] }, { rounds: [850, 900, 950] })).toBe('same')
})

test('a machine that had a slow day is no change where a limit was measured beside', () => {
  const limit = (rate: number) => ({ name: 'bare driver', rounds: [rate] })

  expect(verdict({ rounds: [600], limit: limit(1000) }, { rounds: [300], limit: limit(500) })).toBe(
    'same',
  )
  expect(
    verdict({ rounds: [600], limit: limit(1000) }, { rounds: [600], limit: limit(2000) }),
  ).toBe('slower')
})

test('limits of two kinds say nothing about each other', () => {
  const limit = (name: string, rate: number) => ({ name, rounds: [rate] })

  expect(
    verdict({ rounds: [600], limit: limit('a', 1000) }, { rounds: [600], limit: limit('b', 2000) }),
  ).toBe('same')
})

test('what the machine can do is not compared', () => {
  const machine = { id: 'machine', isOfMachine: true }
  const [before, after] = [1000, 500].map((rate) => result([{ ...machine, rounds: [rate] }]))

  expect(compareResults(before as Result, after as Result)).toMatchObject({
    changes: [],
    missing: [],
  })
})

test('close to nothing, what is below the grain of a figure is no change', () => {
  const statistic = { better: 'lower', grain: 0.05 } as const

  expect(verdict({ ...statistic, rounds: [0.02] }, { ...statistic, rounds: [0.06] })).toBe('same')
  expect(verdict({ ...statistic, rounds: [0.02] }, { ...statistic, rounds: [0.12] })).toBe('slower')
})

test('results of two machines, or with other figures, say so', () => {
  const before = result([{ id: 'a', rounds: [1] }])
  const after = result([{ id: 'b', rounds: [1] }], {
    size: 'full',
    machine: { ...MACHINE, cores: 4 },
  })

  expect(compareResults(before, after)).toEqual({
    changes: [],
    missing: ['a', 'b'],
    differences: ['cores: 2, then 4', 'size: default, then full'],
  })
})
