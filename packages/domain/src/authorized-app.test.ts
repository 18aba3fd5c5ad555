import { expect, test } from 'vitest'
import { findForbiddenRegion, normalizeAppName, regionsOf } from './authorized-app.ts'
import { anAuthorizedApp } from './testing.ts'

test('regions asked for are compared as they are written', () => {
  const app = anAuthorizedApp({ allowedRegions: ['US', 'CA'] })
  expect(findForbiddenRegion(app, ['US', 'CA'])).toBeUndefined()
  expect(findForbiddenRegion(app, ['CA', 'us'])).toBe('us')
})

test('an app without a list may publish to any region', () => {
  expect(findForbiddenRegion(anAuthorizedApp({ allowedRegions: [] }), ['MX'])).toBeUndefined()
})

test('regions come from the request, else the app, else the default', () => {
  const app = anAuthorizedApp({ allowedRegions: ['US', 'CA'] })
  const bare = anAuthorizedApp({ allowedRegions: [] })
  expect(regionsOf(app, ['CA'], 'MX')).toEqual(['CA'])
  expect(regionsOf(app, [], 'MX')).toEqual(['US', 'CA'])
  expect(regionsOf(bare, [], 'MX')).toEqual(['MX'])
  expect(regionsOf(bare, [], undefined)).toEqual([])
})

test('white space is part of an app name, case is not', () => {
  expect(normalizeAppName('Com.Example.App ')).toBe('com.example.app ')
})
