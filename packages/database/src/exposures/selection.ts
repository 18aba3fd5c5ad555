import sql, { raw, type Sql } from 'sql-template-tag'
import type { Transaction } from '../database.ts'

/** Which keys go into the archives of one window. */
export interface Selection {
  /** Inclusive. Keys that came before it were in an earlier window. */
  keysFrom: Date
  /** Exclusive. */
  end: Date
  /** A key of any of these is taken. */
  inputRegions: readonly string[]
  /** A key of any of these is left out, and so is one without any region, unless the list is empty. */
  excludeRegions: readonly string[]
  /** Also takes travelers' keys of any region. */
  includeTravelers: boolean
  /** Leaves travelers' keys out, whatever else is asked for. */
  onlyNonTravelers: boolean
}

/** A selection in the words of a statement. */
export type SelectionTerms = Readonly<Record<keyof Selection, Sql>>

/** A selection as parameters of the statement. */
export function asParameters(selection: Selection): SelectionTerms {
  return {
    keysFrom: sql`${selection.keysFrom}::timestamptz`,
    end: sql`${selection.end}::timestamptz`,
    inputRegions: sql`${selection.inputRegions}::text[]`,
    excludeRegions: sql`${selection.excludeRegions}::text[]`,
    includeTravelers: sql`${selection.includeTravelers}::boolean`,
    onlyNonTravelers: sql`${selection.onlyNonTravelers}::boolean`,
  }
}

/**
 * A selection as literals, for COPY, which takes no parameters; the server quotes them. Because the planner sees how much they
 * select, several processes sort a large window.
 */
export async function asLiterals(tx: Transaction, selection: Selection): Promise<SelectionTerms> {
  const terms = asParameters(selection)
  const [quoted] = (await tx.query<Record<keyof Selection, string>>(sql`
    select quote_literal(${terms.keysFrom}) as "keysFrom", quote_literal(${terms.end}) as "end",
      quote_literal(${terms.inputRegions}) as "inputRegions",
      quote_literal(${terms.excludeRegions}) as "excludeRegions",
      quote_literal(${terms.includeTravelers}) as "includeTravelers",
      quote_literal(${terms.onlyNonTravelers}) as "onlyNonTravelers"`)) as [
    Record<keyof Selection, string>,
  ]
  return {
    keysFrom: raw(`${quoted.keysFrom}::timestamptz`),
    end: raw(`${quoted.end}::timestamptz`),
    inputRegions: raw(`${quoted.inputRegions}::text[]`),
    excludeRegions: raw(`${quoted.excludeRegions}::text[]`),
    includeTravelers: raw(`${quoted.includeTravelers}::boolean`),
    onlyNonTravelers: raw(`${quoted.onlyNonTravelers}::boolean`),
  }
}

/** The keys that a window releases; a clause about the table `exposure`. */
export function isReleased(terms: SelectionTerms): Sql {
  const { keysFrom, end } = terms
  return sql`created_at >= ${keysFrom} and created_at < ${end}
    and (revised_at is null or revised_at >= ${end} or revised_report_type <> 'negative')
    and ${isOfRegions(terms)}`
}

/** The keys that were released before the window began and revised within it; a clause about the table `exposure`. */
export function isRevised(terms: SelectionTerms): Sql {
  const { keysFrom, end } = terms
  return sql`revised_at >= ${keysFrom} and revised_at < ${end} and created_at < ${keysFrom}
    and ${isOfRegions(terms)}`
}

function isOfRegions(terms: SelectionTerms): Sql {
  const { inputRegions, excludeRegions, includeTravelers, onlyNonTravelers } = terms
  return sql`(regions && ${inputRegions} or (${includeTravelers} and traveler))
    and (cardinality(${excludeRegions}) = 0
      or (regions <> '{}' and not regions && ${excludeRegions}))
    and not (${onlyNonTravelers} and traveler)`
}
