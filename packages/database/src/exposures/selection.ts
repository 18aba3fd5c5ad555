import sql, { type Sql } from 'sql-template-tag'
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

/** A selection as settings of the transaction, for COPY, which takes no parameters. Each is read once per statement, not per row. */
export async function asSettings(tx: Transaction, selection: Selection): Promise<SelectionTerms> {
  const terms = asParameters(selection)
  await tx.query(sql`
    select set_config('export.keys_from', ${terms.keysFrom}::text, true),
      set_config('export.end', ${terms.end}::text, true),
      set_config('export.input_regions', ${terms.inputRegions}::text, true),
      set_config('export.exclude_regions', ${terms.excludeRegions}::text, true),
      set_config('export.include_travelers', ${terms.includeTravelers}::text, true),
      set_config('export.only_non_travelers', ${terms.onlyNonTravelers}::text, true)`)
  return {
    keysFrom: sql`(select current_setting('export.keys_from')::timestamptz)`,
    end: sql`(select current_setting('export.end')::timestamptz)`,
    inputRegions: sql`(select current_setting('export.input_regions')::text[])`,
    excludeRegions: sql`(select current_setting('export.exclude_regions')::text[])`,
    includeTravelers: sql`(select current_setting('export.include_travelers')::boolean)`,
    onlyNonTravelers: sql`(select current_setting('export.only_non_travelers')::boolean)`,
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
