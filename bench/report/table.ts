import { type Figure, type Summary, summarize } from './figure.ts'

const HEADINGS = ['', 'median', 'spread', 'limit of the machine', 'share', 'target', ''] as const

/** The figures as lines of text, one each. Small runs are not held to the targets. */
export function table(figures: readonly Figure[], { judged }: { judged: boolean }): string {
  const rows = figures.map((figure) => row(figure, summarize(figure), judged))
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((cells) => (cells[column] ?? '').length)),
  )
  const lines = [[...HEADINGS], widths.map((width) => '─'.repeat(width)), ...rows]
  return lines.map((cells) => aligned(cells, widths)).join('\n')
}

/** The same as a table of a page. */
export function markdownTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => row(figure, summarize(figure), true))
  const [, ...headings] = HEADINGS
  const lines = [['what', ...headings], HEADINGS.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function aligned(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, i) =>
      i === 1 || i === 2 || i === 4 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
    )
    .join('  ')
    .trimEnd()
}

function row(figure: Figure, summary: Summary, judged: boolean): string[] {
  const { limit, target } = figure
  return [
    figure.name,
    `${short(summary.value)} ${figure.unit}`,
    figure.rounds.length > 1 ? `±${percent(summary.spread)}` : '',
    limit && summary.limit !== undefined ? `${short(summary.limit)} ${limit.name}` : '',
    summary.share === undefined ? '' : shareText(figure, summary.share),
    target ? describeTarget(figure) : '',
    judged && summary.reached !== undefined ? (summary.reached ? 'reached' : 'MISSED') : '',
  ]
}

function describeTarget({ target = {} }: Figure): string {
  const { atLeast, atMost, shareOfLimit, timesLimit } = target
  return [
    atLeast !== undefined && `≥ ${short(atLeast)}`,
    atMost !== undefined && `≤ ${short(atMost)}`,
    shareOfLimit !== undefined && `≥ ${percent(shareOfLimit)} of the limit`,
    timesLimit !== undefined && `≤ ${timesLimit} × the limit`,
  ]
    .filter((part) => part !== false)
    .join(', ')
}

function shareText({ better }: Figure, share: number): string {
  return better === 'higher' ? percent(share) : `× ${short(share)}`
}

/** Three or four digits that count. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 1_000_000) return `${(value / 1_000_000).toFixed(2)} M`
  if (size >= 10_000) return `${Math.round(value / 1000)} k`
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value))
  return size >= 10 ? value.toFixed(1) : value.toFixed(2)
}

export const percent = (share: number) => `${Math.round(share * 100)} %`
