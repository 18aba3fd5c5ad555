import type { ReportType } from '@ens/domain'

/** One publish, in the words of the model: keys are numbers, tokens are positions in the list of those given so far. */
export interface ModelPublish {
  keys: readonly number[]
  reportType: ReportType
  token: number | undefined
  /** Arrival is stored by the hour; keys of an earlier hour may be public. */
  hour: number
}

export interface ModelKey {
  reportType: ReportType
  revisedTo: ReportType | undefined
  hour: number
}

const REVISIONS: Record<ReportType, readonly ReportType[]> = {
  likely: ['confirmed', 'negative'],
  'user-report': ['confirmed', 'likely', 'negative'],
  confirmed: [],
  negative: [],
}

/** What the database should hold, and phones be told, as simply as it can be said. */
export class PublishModel {
  readonly stored = new Map<number, ModelKey>()
  readonly tokens: Set<number>[] = []
  publishes = 0
  keysWritten = 0

  /** The code that the phone is told; undefined for a success, which gives it a token. */
  publish({ keys, reportType, token, hour }: ModelPublish): string | undefined {
    const inOrder = [...new Set(keys)].sort((a, b) => a - b)
    const listed = token === undefined ? undefined : this.tokens[token]
    if (inOrder.every((key) => this.#isCopy(key, reportType, hour))) {
      this.tokens.push(new Set([...(listed ?? []), ...inOrder]))
      return undefined
    }
    const known = inOrder.filter((key) => this.stored.has(key))
    if (known.length > 0 && !listed) return 'missing_revision_token'
    if (known.some((key) => !listed?.has(key))) return 'invalid_revision_token'
    const refusal = known.map((key) => this.#refusal(key, reportType)).find(Boolean)
    if (refusal) return refusal
    this.#write(inOrder, reportType, hour, listed)
    return undefined
  }

  #isCopy(key: number, reportType: ReportType, hour: number): boolean {
    const known = this.stored.get(key)
    return known?.hour === hour && known.reportType === reportType && !known.revisedTo
  }

  #refusal(key: number, wanted: ReportType): string | undefined {
    const known = this.stored.get(key)
    if (!known || known.reportType === wanted || known.revisedTo === wanted) return undefined
    if (known.revisedTo) return 'key_already_revised'
    return REVISIONS[known.reportType].includes(wanted)
      ? undefined
      : 'invalid_report_type_transition'
  }

  #write(keys: number[], reportType: ReportType, hour: number, listed = new Set<number>()): void {
    const added = keys.filter((key) => !this.stored.has(key))
    const revised = keys.filter((key) => this.#isRevisedBy(key, reportType))
    const inserted = reportType === 'negative' ? [] : added
    for (const key of inserted) this.stored.set(key, { reportType, revisedTo: undefined, hour })
    for (const key of revised) {
      const known = this.stored.get(key)
      if (known) known.revisedTo = reportType
    }
    if (added.length + revised.length > 0) this.publishes++
    this.keysWritten += inserted.length + revised.length
    this.tokens.push(new Set([...listed, ...added, ...revised]))
  }

  #isRevisedBy(key: number, wanted: ReportType): boolean {
    const known = this.stored.get(key)
    return known !== undefined && !known.revisedTo && known.reportType !== wanted
  }
}
