/** A result for a person: lists as a table, objects as lines, the rest as it is. */
export function forPerson(result: unknown): string {
  if (typeof result === 'string') return result
  if (Array.isArray(result)) return table(result)
  return Object.entries(result as object)
    .map(([name, value]) => `${name}: ${cell(value)}`)
    .join('\n')
}

/** A result for a program: one JSON document a line. */
export function forProgram(result: unknown): string {
  return JSON.stringify(result)
}

function table(rows: readonly Record<string, unknown>[]): string {
  const [first] = rows
  if (!first) return '(none)'
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cells = [names, ...rows.map((row) => names.map((name) => cell(row[name])))]
  const widths = names.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)))
  return cells
    .map((row) =>
      row
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '-'
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(cell).join(' ') || '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([name, inner]) => `${name}=${cell(inner)}`)
      .join(' ')
  return String(value)
}
