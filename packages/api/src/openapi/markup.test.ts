import { expect, test } from 'vitest'
import { html, markdown } from './markup.ts'

const markdownText = (text: string) =>
  markdown(text)
    .map((block) => block.text)
    .join('')

test('text stays text, markup stays markup', () => {
  const inner = html`<b>${'<&">'}</b>`
  expect(html`<p>${inner}${[inner, inner]}${1}</p>`.text).toBe(
    `<p>${'<b>&lt;&amp;&quot;&gt;</b>'.repeat(3)}1</p>`,
  )
})

test('paragraphs, lists, code and emphasis are read as Markdown', () => {
  expect(markdownText('One **two**\nthree.\n\n- `four`\n- five\n  six\n\n<seven>')).toBe(
    '<p>One <strong>two</strong>\nthree.</p><ul><li><code>four</code></li><li>five\n  six</li></ul><p>&lt;seven&gt;</p>',
  )
})

test('a dash in a line of text makes no list', () => {
  expect(markdownText('a\n- b')).toBe('<p>a\n- b</p>')
})
