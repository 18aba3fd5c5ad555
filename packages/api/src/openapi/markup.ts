/** HTML that is whole and may stand in other HTML. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Markup | readonly Markup[] | string | number

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** A template of HTML; whatever is put in and is not markup already stays text. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    strings.reduce((all, string, index) => all + rendered(parts[index - 1]) + string),
  )
}

export const NOTHING = new Markup('')

function rendered(part: Part | undefined): string {
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(({ text }) => text).join('')
  return escaped(String(part ?? ''))
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
}

/** What we use of Markdown: paragraphs, flat lists, `code` and **bold**. */
export function markdown(text: string): Markup[] {
  return text.split(/\n{2,}/).map(block)
}

function block(text: string): Markup {
  if (!text.startsWith('- ')) return html`<p>${inline(text)}</p>`
  const items = text.slice(2).split(/\n- /)
  return html`<ul>${items.map((item) => html`<li>${inline(item)}</li>`)}</ul>`
}

export function inline(text: string): Markup {
  return new Markup(
    escaped(text)
      .replace(/`([^`]+)`/g, '<code>$1</code>')
      .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>'),
  )
}
