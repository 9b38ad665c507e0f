/** Fields from canonical columns, with what a layout does differently. */
import {
  type Column,
  LOAN_MI_CANCELLATION,
  LOAN_SERVICER,
  ORIGINATION,
  PERFORMANCE,
  UNKNOWN_PROCEEDS,
} from '../columns.ts'
import type { Lines } from '../lines.ts'
import type { Quarter } from '../quarter.ts'
import { ELTV_FROM } from '../servicing.ts'
import { type Field, type Rule, write } from './layout.ts'

/** What stands for NULL where it is not the empty field, in every layout. */
const MISSING: Record<string, string> = {
  classic_fico: '9999',
  vantagescore_4: '9999',
  first_time_homebuyer_ind: '9',
  mi_pct: '999',
  number_of_units: '99',
  occupancy_status: '9',
  original_cltv: '999',
  original_dti: '999',
  original_ltv: '999',
  channel: '9',
  property_type: '99',
  loan_purpose: '9',
  number_of_borrowers: '99',
  special_eligibility_program: '9',
  property_valuation_method: '9',
  delinquency_status: 'XX',
  eltv: '999',
  mi_cancellation_ind: '9',
}

const RULES: Partial<Record<Column['kind'], Rule>> = {
  identifier: 'identifier',
  'earlier identifier': 'free',
  date: 'date',
  code: 'code',
}
const FREE = new Set(['seller_name', 'servicer_name'])

/** How a layout writes identifiers: `F99Q10000001` (7 digits) or `F199Q1000001` (6). */
export type IdentifierForm = { prefix: string; digits: number }

export const NEW_IDENTIFIER: IdentifierForm = { prefix: 'F', digits: 7 }
export const OLD_IDENTIFIER: IdentifierForm = { prefix: 'F1', digits: 6 }

export type Differences = Partial<Pick<Field, 'write' | 'missing' | 'rule' | 'position'>>

/** A field of each canonical column named, in the layout's order; `differences` by name. */
export function fields(
  columns: readonly Column[],
  form: IdentifierForm,
  names: readonly string[],
  differences: Record<string, Differences>,
): Field[] {
  return names.map((name) => {
    const position = columns.findIndex((column) => column.name === name)
    const column = columns[position] ?? FROM_LOAN[name]?.column
    const different = differences[name] ?? {}
    if (!column) {
      // A field that canonical columns do not know: the layout says all about it.
      return {
        name,
        position: different.position!,
        rule: different.rule!,
        write: different.write!,
        missing: different.missing ?? '',
      }
    }
    return {
      name,
      position: position >= 0 ? position : FROM_LOAN[name]!.position,
      rule: FREE.has(name) ? 'free' : (RULES[column.kind] ?? 'number'),
      write: writer(column, form),
      missing: MISSING[name] ?? '',
      ...(name === 'eltv' && { since: ELTV_FROM }),
      ...different,
    }
  })
}

/** Columns of performance that older layouts tell in origination. */
const FROM_LOAN: Record<string, { column: Column; position: number }> = {
  servicer_name: { column: performance('servicer_name'), position: LOAN_SERVICER },
  mi_cancellation_ind: { column: performance('mi_cancellation_ind'), position: LOAN_MI_CANCELLATION },
}

export const ORIGINATION_NAMES: readonly string[] = ORIGINATION.map(({ name }) => name)
export const PERFORMANCE_NAMES: readonly string[] = PERFORMANCE.map(({ name }) => name)

export function identifier({ prefix, digits }: IdentifierForm, quarter: Quarter, index: number): string {
  return `${prefix}${quarter.short}${String(index + 1).padStart(digits, '0')}`
}

/** The identifier of a loan of an earlier quarter, {@link earlierLoan}. */
export function earlierIdentifier({ prefix, digits }: IdentifierForm, value: number): string {
  const quarters = Math.floor(value / 10_000_000)
  const quarter = `${String(5 + (quarters >> 2)).padStart(2, '0')}Q${(quarters & 3) + 1}`
  return `${prefix}${quarter}${String((value % 10_000_000) + 1).padStart(digits, '0')}`
}

function performance(name: string): Column {
  return PERFORMANCE.find((column) => column.name === name)!
}

function writer(column: Column, form: IdentifierForm): Field['write'] {
  switch (column.kind) {
    case 'identifier': {
      const prefix = Buffer.from(form.prefix)
      return (lines, index, { shortQuarter }) => {
        lines.text(prefix)
        lines.text(shortQuarter)
        lines.whole(index + 1, form.digits)
      }
    }
    case 'earlier identifier':
      return (lines, value) => lines.text(Buffer.from(earlierIdentifier(form, value)))
    case 'date':
      return write.date
    case 'integer':
      return write.whole
    case 'money':
      return write.money
    case 'rate':
      return write.rate
    case 'proceeds':
      return proceeds((lines, value) => lines.money(value))
    case 'code':
      return write.texts(column.values!)
  }
}

/** An amount, or U where it is not known. */
export function proceeds(amount: (lines: Lines, value: number) => void): (lines: Lines, value: number) => void {
  return (lines, value) => (value === UNKNOWN_PROCEEDS ? lines.byte(0x55) : amount(lines, value))
}
