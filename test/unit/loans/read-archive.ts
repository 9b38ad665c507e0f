/**
 * Reads an archive by the rules of data/loans/README.md, plainly and from the text alone: a second opinion on the truth file that shares
 * no code with the generator.
 */
import yauzl from 'yauzl'

export type Row = Record<string, string | null>

export interface Findings {
  raw: number
  rejects: Record<string, number>
  rows: Row[]
}

const COUNT: Record<string, [origination: number, performance: number]> = {
  r47: [31, 35],
  legacy32: [32, 32],
  release2018: [26, 23],
}

const R47_ORIGINATION =
  'classic_fico first_payment_date first_time_homebuyer_ind maturity_date msa_md mi_pct number_of_units occupancy_status original_cltv original_dti original_upb original_ltv original_interest_rate channel prepayment_penalty_ind amortization_type property_state property_type postal_code loan_identifier loan_purpose original_loan_term number_of_borrowers seller_name super_conforming_flag pre_harp_loan_identifier special_eligibility_program harp_ind property_valuation_method interest_only_ind vantagescore_4'.split(
    ' ',
  )
const R47_PERFORMANCE =
  'loan_identifier period current_actual_upb delinquency_status loan_age remaining_months_to_maturity defect_settlement_date modification_flag zero_balance_code zero_balance_effective_date current_interest_rate current_non_interest_bearing_upb ddlpi mi_recoveries net_sales_proceeds non_mi_recoveries total_expenses legal_costs maintenance_preservation_costs taxes_and_insurance miscellaneous_expenses actual_loss cumulative_modification_costs interest_rate_step_ind payment_deferral_flag eltv zero_balance_removal_upb delinquent_accrued_interest delinquency_due_to_disaster borrower_assistance_plan current_period_modification_costs current_interest_bearing_upb mi_cancellation_ind servicer_name bankruptcy_cramdown_costs'.split(
    ' ',
  )

const NAMES: Record<string, [origination: string[], performance: string[]]> = {
  r47: [R47_ORIGINATION, R47_PERFORMANCE],
  legacy32: [
    [...R47_ORIGINATION.slice(0, 24), 'servicer_name', ...R47_ORIGINATION.slice(24, 30), 'mi_cancellation_ind'],
    R47_PERFORMANCE.slice(0, 32),
  ],
  release2018: [
    [...R47_ORIGINATION.slice(0, 24), 'servicer_name', 'super_conforming_flag'],
    R47_PERFORMANCE.slice(0, 23).map((name) => (name === 'defect_settlement_date' ? 'repurchase_flag' : name)),
  ],
}

const within =
  (low: number, high: number, missing: number, pattern = /^\d{1,4}$/) =>
  (text: string) =>
    pattern.test(text) && ((Number(text) >= low && Number(text) <= high) || Number(text) === missing)
const like = (pattern: RegExp) => (text: string) => pattern.test(text)
const oneOf = (values: string) => (text: string) => values.split(' ').includes(text)
const AMOUNT = /^-?\d{1,12}(\.\d{1,2})?$/

const DATES = new Set(
  'first_payment_date maturity_date period defect_settlement_date zero_balance_effective_date ddlpi'.split(' '),
)
const AMOUNTS =
  'current_actual_upb current_non_interest_bearing_upb mi_recoveries non_mi_recoveries total_expenses legal_costs maintenance_preservation_costs taxes_and_insurance miscellaneous_expenses actual_loss cumulative_modification_costs zero_balance_removal_upb delinquent_accrued_interest current_period_modification_costs current_interest_bearing_upb bankruptcy_cramdown_costs'.split(
    ' ',
  )
const NUMBERS: Record<string, (text: string) => boolean> = {
  classic_fico: within(300, 850, 9999),
  vantagescore_4: within(300, 850, 9999),
  mi_pct: within(0, 55, 999, /^\d{1,3}$/),
  original_ltv: like(/^\d{1,3}$/),
  original_cltv: like(/^\d{1,3}$/),
  original_dti: within(0, 65, 999, /^\d{1,3}$/),
  number_of_units: within(1, 4, 99, /^\d{1,2}$/),
  number_of_borrowers: within(1, 10, 99, /^\d{1,2}$/),
  original_loan_term: like(/^\d{1,3}$/),
  original_interest_rate: like(/^\d{1,3}(\.\d{1,3})?$/),
  current_interest_rate: like(/^\d{1,5}(\.\d{1,3})?$/),
  original_upb: like(/^\d{1,12}(\.\d{1,2})?$/),
  net_sales_proceeds: like(/^(-?\d{1,12}(\.\d{1,2})?|U|C)$/),
  loan_age: like(/^-?\d{1,3}$/),
  remaining_months_to_maturity: like(/^-?\d{1,3}$/),
  eltv: like(/^\d{1,4}$/),
  ...Object.fromEntries(AMOUNTS.map((name) => [name, like(AMOUNT)])),
}
const CODES: Record<string, (text: string, layout: string) => boolean> = {
  first_time_homebuyer_ind: oneOf('Y N 9'),
  occupancy_status: (text, layout) => oneOf(layout === 'release2018' ? 'P I S 9 O' : 'P I S 9')(text),
  channel: oneOf('R B C T 9'),
  prepayment_penalty_ind: oneOf('Y N'),
  super_conforming_flag: oneOf('Y N'),
  harp_ind: oneOf('Y N'),
  interest_only_ind: oneOf('Y N'),
  amortization_type: oneOf('FRM ARM'),
  property_state: like(/^[A-Z]{2}$/),
  property_type: oneOf('SF CO PU MH CP 99'),
  postal_code: (text, layout) => (layout === 'r47' ? /^\d{3}$/ : /^\d{5}$/).test(text),
  msa_md: like(/^\d{5}$/),
  loan_purpose: oneOf('P C N R 9'),
  special_eligibility_program: oneOf('H F R 9'),
  property_valuation_method: oneOf('1 2 3 4 7 9'),
  delinquency_status: like(/^(\d{1,3}|RA|R|XX)$/),
  modification_flag: oneOf('Y P N'),
  zero_balance_code: like(/^(0?[12369]|15|16|96)$/),
  interest_rate_step_ind: oneOf('Y N'),
  payment_deferral_flag: oneOf('C P Y'),
  delinquency_due_to_disaster: oneOf('Y N'),
  borrower_assistance_plan: oneOf('F R T'),
  mi_cancellation_ind: oneOf('Y N 7 9'),
  repurchase_flag: oneOf('Y N'),
}

const SENTINELS: Record<string, string[]> = {
  classic_fico: ['9999'],
  vantagescore_4: ['9999'],
  mi_pct: ['999'],
  original_ltv: ['999'],
  original_cltv: ['999'],
  original_dti: ['999'],
  eltv: ['999'],
  number_of_units: ['99'],
  number_of_borrowers: ['99'],
  property_type: ['99'],
  property_valuation_method: ['7', '9'],
  delinquency_status: ['XX'],
  ...Object.fromEntries(
    'first_time_homebuyer_ind occupancy_status channel loan_purpose special_eligibility_program mi_cancellation_ind'
      .split(' ')
      .map((name) => [name, ['9']]),
  ),
}
const OPPOSITE_BEFORE_R47 = new Set(
  'mi_recoveries net_sales_proceeds non_mi_recoveries total_expenses legal_costs maintenance_preservation_costs taxes_and_insurance miscellaneous_expenses actual_loss'.split(
    ' ',
  ),
)

/** Both files of an archive, read and judged. */
export async function readArchive(file: string, layout: string, quarter: string) {
  const texts = await unzip(file)
  const origination = judge(texts[0]!, layout, quarter, 0)
  const loans = new Map(origination.rows.map((row) => [row.loan_identifier!, row]))
  const performance = judge(texts[1]!, layout, quarter, 1)
  const known = performance.rows.filter((row) => loans.has(row.loan_identifier!))
  if (performance.rows.length > known.length) performance.rejects.unknown_loan = performance.rows.length - known.length
  if (layout !== 'r47') {
    for (const row of known) {
      row.servicer_name = loans.get(row.loan_identifier!)!.servicer_name ?? null
      row.mi_cancellation_ind = loans.get(row.loan_identifier!)!.mi_cancellation_ind ?? null
    }
  }
  return { origination, performance: { ...performance, rows: known }, texts }
}

function judge(bytes: Buffer, layout: string, quarter: string, table: 0 | 1): Findings {
  const records = new TextDecoder('windows-1252').decode(bytes).split(/\r\n|\n|\r/)
  if (records.at(-1) === '') records.pop()
  const rejects: Record<string, number> = {}
  const kept = new Map<string, { line: string; row: Row }>()
  for (const line of records) {
    const reason = reasonOf(line, layout, quarter, table)
    if (reason) {
      rejects[reason] = (rejects[reason] ?? 0) + 1
      continue
    }
    const row = canonical(line, layout, table)
    const key = table === 0 ? row.loan_identifier! : `${row.loan_identifier} ${row.period}`
    const other = kept.get(key)
    if (other) rejects.duplicate = (rejects.duplicate ?? 0) + 1
    if (!other || line.trim() < other.line) kept.set(key, { line: line.trim(), row })
  }
  return { raw: records.length, rejects, rows: [...kept.values()].map(({ row }) => row) }
}

function reasonOf(line: string, layout: string, quarter: string, table: 0 | 1): string | undefined {
  const texts = line.split('|').map((text) => text.trim())
  if (texts.length !== COUNT[layout]![table]) return 'field_count'
  const fields = NAMES[layout]![table].map((name, i) => ({ name, text: texts[i]! }))
  const identifier = fields.find(({ name }) => name === 'loan_identifier')!.text
  const short = quarter.slice(2)
  if (!new RegExp(`^(F1${short}\\d{6}|[FA]${short}\\d{7})$`).test(identifier)) return 'loan_identifier'
  const bad = (test: (name: string, text: string) => boolean) =>
    fields.some(({ name, text }) => text !== '' && test(name, text))
  if (fields.some(({ name, text }) => name === 'period' && text === '')) return 'date'
  if (bad((name, text) => DATES.has(name) && !/^(19|20)\d{2}(0[1-9]|1[0-2])$/.test(text))) return 'date'
  if (bad((name, text) => NUMBERS[name]?.(text) === false)) return 'number'
  if (bad((name, text) => CODES[name]?.(text, layout) === false)) return 'code'
  return undefined
}

function canonical(line: string, layout: string, table: 0 | 1): Row {
  const texts = line.split('|').map((text) => text.trim().replaceAll(/\s+/g, ' '))
  const row: Row = Object.fromEntries((table === 0 ? R47_ORIGINATION : R47_PERFORMANCE).map((name) => [name, null]))
  NAMES[layout]![table].forEach((name, i) => {
    const text = texts[i]!
    if (name === 'repurchase_flag') return
    const isNull = text === '' || SENTINELS[name]?.includes(text)
    row[name] = isNull ? null : canonicalText(name, text, layout)
    if (layout !== 'r47' && (name === 'super_conforming_flag' || name === 'harp_ind')) row[name] ??= 'N'
  })
  return row
}

function canonicalText(name: string, text: string, layout: string): string {
  if (DATES.has(name)) return `${text.slice(0, 4)}-${text.slice(4)}-01`
  if (name === 'postal_code') return text.slice(0, 3)
  if (name === 'delinquency_status') return text === 'R' ? 'RA' : text.padStart(2, '0')
  if (name === 'zero_balance_code') return text === '06' ? '96' : text.padStart(2, '0')
  if (name === 'occupancy_status') return text === 'O' ? 'P' : text
  if (layout === 'r47') return text
  if (name === 'payment_deferral_flag') return text === 'Y' ? 'C' : text
  if (OPPOSITE_BEFORE_R47.has(name) && /\d/.test(text) && Number(text) !== 0)
    return text.startsWith('-') ? text.slice(1) : `-${text}`
  return text
}

/** The files of a zip, in order. */
export async function unzip(file: string): Promise<Buffer[]> {
  const zip = await yauzl.openPromise(file)
  const texts: Buffer[] = []
  for await (const entry of zip.eachEntry()) {
    const stream = await zip.openReadStreamPromise(entry)
    texts.push(Buffer.concat(await stream.toArray()))
  }
  return texts
}
