import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { openApiDocument } from './document.ts'
import { openApiPage } from './page.ts'

const { contents, headers } = openApiPage()
const operations = Object.entries(openApiDocument().paths)

test('the page runs nothing, loads nothing, and says so', () => {
  const style = /<style>([\s\S]*)<\/style>/.exec(contents)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  expect(headers['content-security-policy']).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
  expect(contents).not.toMatch(/<script|\bon\w+=|\bstyle=|\bsrc=|url\(|@import|https?:/)
})

test('its only link beside its own anchors is the document', () => {
  const targets = [...contents.matchAll(/href="([^"]+)"/g)].map(([, target]) => target)
  const anchors = operations.map(([, { post }]) => `#${post.operationId}`)
  expect(targets.sort()).toEqual([...anchors, 'data:,', 'openapi.json'].sort())
  for (const anchor of anchors) expect(contents).toContain(`id="${anchor.slice(1)}"`)
})

test('every route, field, status and code can be read on it', () => {
  for (const [path, { post }] of operations) {
    expect(contents).toContain(`<code>${path}</code>`)
    for (const status of Object.keys(post.responses))
      expect(contents).toContain(`>${status}</span>`)
  }
  for (const { properties } of Object.values(openApiDocument().components.schemas))
    for (const name of Object.keys(properties ?? {}))
      expect(contents).toContain(`<code>${name}</code>`)
  for (const code of ['partial_failure', 'invalid_revision_token', 'unauthorized'])
    expect(contents).toContain(`<code>${code}</code>`)
})
