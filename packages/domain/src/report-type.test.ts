import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { backfilledRisk, isReportType, type ReportType, transition } from './report-type.ts'

interface Case {
  name: string
  from: ReportType | ''
  to: ReportType | ''
  result: 'revise' | 'noop' | 'invalid_report_type_transition'
}

const { transitionMatrix }: { transitionMatrix: Case[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-revise.json', import.meta.url), 'utf8'),
)

describe('a report type changes only as the reference server lets it', () => {
  test.each(transitionMatrix)('$name', ({ from, to, result }) => {
    const wanted = result === 'invalid_report_type_transition' ? 'refuse' : result
    expect(transition(from || undefined, to || undefined)).toBe(wanted)
  })
})

test('risk is filled in from the report type; a self report says nothing about it', () => {
  expect(backfilledRisk('confirmed')).toBe(2)
  expect(backfilledRisk('likely')).toBe(4)
  expect(backfilledRisk('negative')).toBe(6)
  expect(backfilledRisk('user-report')).toBe(0)
  expect(backfilledRisk(undefined)).toBe(0)
})

test('report types are compared exactly', () => {
  expect(isReportType('user-report')).toBe(true)
  expect(isReportType('Confirmed')).toBe(false)
  expect(isReportType('')).toBe(false)
})
