import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { PLATFORMS, type Platform, platformOf } from './platform.ts'

interface Case {
  name: string
  description: string
  userAgent: string
  platform: Platform
  publishArrayIndex: number
}

const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-platform.json', import.meta.url), 'utf8'),
)

describe('a platform is told from the user agent as on the reference server', () => {
  test.each(cases)('$name $description', ({ userAgent, platform, publishArrayIndex }) => {
    expect(platformOf(userAgent)).toBe(platform)
    expect(PLATFORMS.indexOf(platform)).toBe(publishArrayIndex)
  })
})
