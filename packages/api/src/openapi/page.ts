import { createHash } from 'node:crypto'
import { type OpenApiDocument, openApiDocument } from './document.ts'
import { html, Markup, markdown } from './markup.ts'
import type { PathItem } from './operation.ts'
import { operationSection } from './page-operation.ts'
import { PAGE_STYLE } from './page-style.ts'

/** A page as it is served: without these headers it should not be. */
export interface WebPage {
  contents: string
  headers: Readonly<Record<string, string>>
}

/**
 * The API for people: the document as one page that loads nothing and runs no script. It links to `openapi.json` beside it,
 * so both are served from one folder.
 */
export function openApiPage(): WebPage {
  const { text } = page(openApiDocument())
  return {
    contents: `<!doctype html>\n${text}`,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    },
  }
}

const STYLE_HASH = createHash('sha256').update(PAGE_STYLE).digest('base64')

/** Nothing but the one style below; `data:` is the icon, which is none, so that browsers do not ask for one. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

function page(document: OpenApiDocument): Markup {
  const { info, paths } = document
  const operations = Object.entries(paths)
  const sections = operations.map(([path, { post }]) => operationSection(path, post, document))
  return html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title}: API</title>
<link rel="icon" href="data:,">
<style>${new Markup(PAGE_STYLE)}</style>
</head>
<body>
<div class="page">
<nav>${contents(document, operations)}<h2>For programs</h2><ul><li><a href="openapi.json">openapi.json</a></li></ul></nav>
<main>
<h1>${info.title}</h1>
<p class="lead">${info.summary}</p>
${markdown(info.description)}
${sections}
</main>
</div>
</body>
</html>
`
}

/** Links to the operations, under the names of their tags. */
function contents({ tags }: OpenApiDocument, operations: [string, PathItem][]): Markup[] {
  return tags.map(({ name }) => {
    const tagged = operations.filter(([, { post }]) => post.tags.includes(name))
    const links = tagged.map(
      ([path, { post }]) =>
        html`<li><a href="#${post.operationId}">${post.summary}<small>${path}</small></a></li>`,
    )
    return html`<h2>${name}</h2><ul>${links}</ul>`
  })
}
