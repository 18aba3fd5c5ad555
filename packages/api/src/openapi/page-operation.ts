import type { OpenApiDocument } from './document.ts'
import { html, inline, type Markup, markdown, NOTHING } from './markup.ts'
import type { Example, Operation, Response } from './operation.ts'
import { fieldList } from './page-fields.ts'

/** Everything about one operation, under the anchor of its id. */
export function operationSection(
  path: string,
  operation: Operation,
  document: OpenApiDocument,
): Markup {
  const { operationId, summary, deprecated, description, requestBody, responses } = operation
  const { schemas } = document.components
  const sent = requestBody.content['application/json']
  const replied = responses['200']?.content['application/json']
  return html`<section id="${operationId}">
<h2>${summary}${deprecated ? html` <b>deprecated</b>` : NOTHING}</h2>
<p class="route"><span>POST</span> <code>${path}</code></p>
${markdown(description)}
<h3>Request</h3>
${headerList(operation, document)}
${fieldList(sent.schema, schemas)}
${exampleList(sent.examples)}
<h3>Reply</h3>
${replied ? fieldList(replied.schema, schemas) : NOTHING}
<h3>Statuses</h3>
${Object.entries(responses).map(([status, response]) => responseRow(status, response))}
</section>
`
}

function headerList({ parameters, security }: Operation, { components }: OpenApiDocument): Markup {
  const all = Object.entries(components.parameters)
  const sent = all.filter(([name]) => parameters.some(({ $ref }) => $ref.endsWith(`/${name}`)))
  const rows = sent.map(([name, { description }]) => headerRow(name, description))
  const { description } = components.securitySchemes.healthAuthority
  return html`<dl class="fields headers">${
    security.length > 0 ? headerRow('Authorization: Bearer', description) : NOTHING
  }${rows}</dl>`
}

const headerRow = (name: string, description: string) =>
  html`<div><dt><code>${name}</code><small>header</small></dt><dd>${inline(description)}</dd></div>`

function responseRow(status: string, response: Response): Markup {
  const { description, headers, content } = response
  const names = Object.keys(headers)
  return html`<div class="reply"><span class="status s${status.slice(0, 1)}">${status}</span><div>
${markdown(description)}${
  names.length > 0
    ? html`<p class="note">with ${names.map((name) => html`<code>${name}</code> `)}</p>`
    : NOTHING
}${exampleList(content['application/json'].examples)}</div></div>
`
}

function exampleList(examples: Record<string, Example>): Markup {
  const all = Object.values(examples)
  const title = all.length === 1 ? 'Example' : `${all.length} examples`
  const shown = all.map(
    ({ summary, value }) => html`<p>${summary}</p><pre>${shownJson(value)}</pre>`,
  )
  return html`<details><summary>${title}</summary>${shown}</details>`
}

/** Lists of numbers, and objects inside of lists, on one line. */
function shownJson(value: object): string {
  return JSON.stringify(value, null, 2)
    .replace(/\[[\d,\s]+\]/g, onOneLine)
    .replace(/(?<=\n {4,})\{[^{}[\]]*\}/g, onOneLine)
}

const onOneLine = (json: string) => json.replace(/\s+/g, ' ')
