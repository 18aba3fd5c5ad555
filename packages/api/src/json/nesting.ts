/**
 * The most levels of lists and objects that a JSON text may have; deeper ones count as malformed. The
 * reference server stops at 10 000, but reading numbers exactly needs the stack, which holds 2500
 * levels and may be in use already. What is documented needs three.
 */
export const MAX_NESTING = 500

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Whether a JSON text is nested beyond the bound. Of a text that is not JSON the answer means nothing. */
export function isNestedTooDeeply(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else depth += nestingOf(code)
    if (depth > MAX_NESTING) return true
  }
  return false
}

/** `[` and `{` differ in one bit, as `]` and `}` do. */
function nestingOf(code: number): number {
  const bracket = code | 0x20
  if (bracket === 0x7b) return 1
  return bracket === 0x7d ? -1 : 0
}

/** Where the closing quote is, or the text ends. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end
}

function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text.charCodeAt(first - 1) === BACKSLASH) first--
  return (at - first) % 2 === 1
}
