const SHOWN = 12

/** The first lines that only one of two texts has: `-` for what is there, `+` for what should be. */
export function differingLines(found: string, wanted: string): string[] {
  if (found === wanted) return []
  const before = found.split('\n')
  const after = wanted.split('\n')
  const lines = [
    ...without(before, after).map((line) => `- ${line}`),
    ...without(after, before).map((line) => `+ ${line}`),
  ]
  if (lines.length === 0) return ['the same lines stand in another order']
  const hidden = lines.length - SHOWN
  return hidden > 0 ? [...lines.slice(0, SHOWN), `… and ${hidden} more`] : lines
}

function without(lines: string[], others: string[]): string[] {
  const known = new Set(others)
  return lines.filter((line) => !known.has(line))
}
