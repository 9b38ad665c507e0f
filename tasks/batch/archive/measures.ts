/**
 * What a quarter's columns hold, in a few values a column that every store can say: how many values, and their sum, or the smallest and
 * the largest. Equal rows alone would not show a column that was shifted, cut off or emptied on its way into a store.
 *
 * The measures of a quarter and table are one line of text, values with `|` between: the rows, then each column's measures in order. Hive writes the
 * line with hql/count-records.hql; for MySQL and Redshift the query is made from the same list of columns.
 */
import type { Table } from './layout.ts'

/** Numbers are summed; of dates and texts the bounds are taken, texts by their bytes. */
type Kind = 'number' | 'date' | 'text'
export type Dialect = 'hive' | 'mysql' | 'redshift'

interface Column {
  name: string
  kind: Kind
}

const columns = (kinds: Record<Kind, string>, order: string): Column[] =>
  order.split(' ').map((name) => {
    const kind = (['number', 'date'] as const).find((one) => kinds[one].split(' ').includes(name)) ?? 'text'
    return { name, kind }
  })

/** The canonical columns, in the order of the tables. */
export const COLUMNS: Record<Table, readonly Column[]> = {
  origination: columns(
    {
      number:
        'classic_fico mi_pct number_of_units original_cltv original_dti original_upb original_ltv original_interest_rate original_loan_term number_of_borrowers vantagescore_4',
      date: 'first_payment_date maturity_date',
      text: '',
    },
    'classic_fico first_payment_date first_time_homebuyer_ind maturity_date msa_md mi_pct number_of_units occupancy_status original_cltv original_dti original_upb original_ltv original_interest_rate channel prepayment_penalty_ind amortization_type property_state property_type postal_code loan_identifier loan_purpose original_loan_term number_of_borrowers seller_name super_conforming_flag pre_harp_loan_identifier special_eligibility_program harp_ind property_valuation_method interest_only_ind vantagescore_4 layout',
  ),
  performance: columns(
    {
      number:
        'current_actual_upb loan_age remaining_months_to_maturity current_interest_rate current_non_interest_bearing_upb mi_recoveries non_mi_recoveries total_expenses legal_costs maintenance_preservation_costs taxes_and_insurance miscellaneous_expenses actual_loss cumulative_modification_costs eltv zero_balance_removal_upb delinquent_accrued_interest current_period_modification_costs current_interest_bearing_upb bankruptcy_cramdown_costs',
      date: 'period defect_settlement_date zero_balance_effective_date ddlpi',
      text: '',
    },
    'loan_identifier period current_actual_upb delinquency_status loan_age remaining_months_to_maturity defect_settlement_date modification_flag zero_balance_code zero_balance_effective_date current_interest_rate current_non_interest_bearing_upb ddlpi mi_recoveries net_sales_proceeds non_mi_recoveries total_expenses legal_costs maintenance_preservation_costs taxes_and_insurance miscellaneous_expenses actual_loss cumulative_modification_costs interest_rate_step_ind payment_deferral_flag eltv zero_balance_removal_upb delinquent_accrued_interest delinquency_due_to_disaster borrower_assistance_plan current_period_modification_costs current_interest_bearing_upb mi_cancellation_ind servicer_name bankruptcy_cramdown_costs layout',
  ),
}

const NULL = '\\N'
const MEASURES: Record<Kind, readonly string[]> = {
  number: ['values', 'sum'],
  date: ['values', 'minimum', 'maximum'],
  text: ['values', 'minimum', 'maximum'],
}

/** The rows, and each column's measures, as SQL. */
export function expressions(table: Table, dialect: Dialect): string[] {
  const measured = COLUMNS[table].flatMap(({ name, kind }) => {
    const count = `count(${name})`
    if (kind === 'number') return [count, text(`sum(${name})`, dialect)]
    // MySQL would compare texts by the column's collation, in which a = A.
    if (kind === 'text' && dialect === 'mysql') {
      return [count, ...['min', 'max'].map((bound) => `CONVERT(${bound}(CAST(${name} AS BINARY)) USING utf8mb4)`)]
    }
    return [count, ...['min', 'max'].map((bound) => text(`${bound}(${name})`, dialect))]
  })
  return ['count(*)', ...measured]
}

/** A number keeps all its digits as text; a double, which drivers make of it, would not. */
function text(expression: string, dialect: Dialect): string {
  return dialect === 'hive' ? expression : `CAST(${expression} AS ${dialect === 'mysql' ? 'CHAR' : 'VARCHAR'})`
}

/**
 * One SELECT of `quarter` and the measures `m0`, `m1`, … of quarters in a store.
 * @param quarters quoted, for IN
 */
export function measuresQuery(table: Table, dialect: 'mysql' | 'redshift', quarters: string): string {
  const measures = expressions(table, dialect).map((expression, i) => `${expression} AS m${i}`)
  const from = dialect === 'redshift' ? `public.${table}` : table
  return `SELECT quarter, ${measures.join(', ')} FROM ${from} WHERE quarter IN (${quarters}) GROUP BY quarter`
}

/** The line of one row of {@link measuresQuery}. */
export function lineOf(table: Table, row: Record<string, unknown>): string {
  return expressions(table, 'hive')
    .map((_, i) => (row[`m${i}`] === null || row[`m${i}`] === undefined ? NULL : String(row[`m${i}`])))
    .join('|')
}

/** The line of a quarter without rows. */
export function emptyLine(table: Table): string {
  return ['0', ...COLUMNS[table].flatMap(({ kind }) => ['0', ...MEASURES[kind].slice(1).map(() => NULL)])].join('|')
}

/** The rows that a line tells. */
export const rowsOf = (line: string): number => Number(line.split('|', 1)[0])

/** How many values a line of the table has. */
export const lineLength = (table: Table): number => 1 + COLUMNS[table].flatMap(({ kind }) => MEASURES[kind]).length

export interface Difference {
  /** `rows`, or `original_upb: sum` */
  what: string
  expected: string
  found: string
}

/** Where two lines differ first; undefined where they say the same. */
export function difference(table: Table, expected: string, found: string): Difference | undefined {
  const names = ['rows', ...COLUMNS[table].flatMap(({ name, kind }) => MEASURES[kind].map((one) => `${name}: ${one}`))]
  const [left, right] = [expected.split('|'), found.split('|')]
  const at = names.findIndex((_, i) => plain(left[i]) !== plain(right[i]))
  return at < 0 ? undefined : { what: names[at] ?? '', expected: left[at] ?? '', found: right[at] ?? '' }
}

/** One store writes 126000.00 where another writes 126000. */
function plain(value: string | undefined): string | undefined {
  return value !== undefined && /^-?\d+\.\d+$/.test(value) ? value.replace(/\.?0+$/, '') : value
}
