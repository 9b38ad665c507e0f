/**
 * The canonical columns: Release 47's names in file order. In memory a row is a Float64Array with one number a column, NaN for NULL, so that
 * millions of rows make no garbage; the column's kind says what the number means.
 */
import { NAMES } from './lenders.ts'
import { MSAS, POSTAL_CODES, STATES } from './places.ts'

/**
 * What a column's number is: `identifier` a loan's number within its quarter, from 0; `earlier identifier` one of
 * another quarter, {@link earlierLoan}; `date` a month (quarter.ts); `integer` itself; `money` cents;
 * `rate` thousandths of a percent; `code` an index of `values`; `proceeds` cents, or {@link UNKNOWN_PROCEEDS}.
 */
export type Kind = 'identifier' | 'earlier identifier' | 'date' | 'integer' | 'money' | 'rate' | 'code' | 'proceeds'

export interface Column {
  name: string
  kind: Kind
  /** The canonical texts of a `code` column. */
  values?: readonly string[]
}

/** `U`: sales proceeds that are not known. */
export const UNKNOWN_PROCEEDS = Number.MAX_SAFE_INTEGER

/** A loan of the quarters 2005Q1 to 2008Q4 as a number that sorts as its identifier does. */
export function earlierLoan(quarterSince2005: number, index: number): number {
  return quarterSince2005 * 10_000_000 + index
}

const YES_NO = ['Y', 'N']
export const DELINQUENCY = [
  ...Array.from({ length: 100 }, (_, months) => String(months).padStart(2, '0')),
  'RA',
] as const
export const REO = DELINQUENCY.indexOf('RA')

/** Indexes of codes. (Keys that look like numbers come first in Object.keys: those columns spell their texts out.) */
export const CODES = {
  yesNo: { Y: 0, N: 1 },
  occupancy: { P: 0, I: 1, S: 2 },
  channel: { R: 0, B: 1, C: 2, T: 3 },
  propertyType: { SF: 0, PU: 1, CO: 2, MH: 3, CP: 4 },
  purpose: { P: 0, C: 1, N: 2, R: 3 },
  program: { H: 0, F: 1, R: 2 },
  valuation: { ace: 0, appraisal: 1, other: 2, aceAndData: 3 },
  modification: { Y: 0, P: 1 },
  zeroBalance: { '01': 0, '02': 1, '03': 2, '09': 3, '15': 4, '16': 5, '96': 6 },
  deferral: { C: 0, P: 1 },
  assistance: { F: 0, R: 1, T: 2 },
  mortgageInsurance: { Y: 0, N: 1, '7': 2 },
} as const

function column<Name extends string>(name: Name, kind: Kind, values?: readonly string[]) {
  return values ? { name, kind, values } : { name, kind }
}

export const ORIGINATION = [
  column('classic_fico', 'integer'),
  column('first_payment_date', 'date'),
  column('first_time_homebuyer_ind', 'code', YES_NO),
  column('maturity_date', 'date'),
  column('msa_md', 'code', MSAS),
  column('mi_pct', 'integer'),
  column('number_of_units', 'integer'),
  column('occupancy_status', 'code', Object.keys(CODES.occupancy)),
  column('original_cltv', 'integer'),
  column('original_dti', 'integer'),
  column('original_upb', 'money'),
  column('original_ltv', 'integer'),
  column('original_interest_rate', 'rate'),
  column('channel', 'code', Object.keys(CODES.channel)),
  column('prepayment_penalty_ind', 'code', YES_NO),
  column('amortization_type', 'code', ['FRM', 'ARM']),
  column('property_state', 'code', STATES),
  column('property_type', 'code', Object.keys(CODES.propertyType)),
  column('postal_code', 'code', POSTAL_CODES),
  column('loan_identifier', 'identifier'),
  column('loan_purpose', 'code', Object.keys(CODES.purpose)),
  column('original_loan_term', 'integer'),
  column('number_of_borrowers', 'integer'),
  column('seller_name', 'code', NAMES),
  column('super_conforming_flag', 'code', YES_NO),
  column('pre_harp_loan_identifier', 'earlier identifier'),
  column('special_eligibility_program', 'code', Object.keys(CODES.program)),
  column('harp_ind', 'code', YES_NO),
  column('property_valuation_method', 'code', ['1', '2', '3', '4']),
  column('interest_only_ind', 'code', YES_NO),
  column('vantagescore_4', 'integer'),
] as const satisfies readonly Column[]

export const PERFORMANCE = [
  column('loan_identifier', 'identifier'),
  column('period', 'date'),
  column('current_actual_upb', 'money'),
  column('delinquency_status', 'code', DELINQUENCY),
  column('loan_age', 'integer'),
  column('remaining_months_to_maturity', 'integer'),
  column('defect_settlement_date', 'date'),
  column('modification_flag', 'code', Object.keys(CODES.modification)),
  column('zero_balance_code', 'code', ['01', '02', '03', '09', '15', '16', '96']),
  column('zero_balance_effective_date', 'date'),
  column('current_interest_rate', 'rate'),
  column('current_non_interest_bearing_upb', 'money'),
  column('ddlpi', 'date'),
  column('mi_recoveries', 'money'),
  column('net_sales_proceeds', 'proceeds'),
  column('non_mi_recoveries', 'money'),
  column('total_expenses', 'money'),
  column('legal_costs', 'money'),
  column('maintenance_preservation_costs', 'money'),
  column('taxes_and_insurance', 'money'),
  column('miscellaneous_expenses', 'money'),
  column('actual_loss', 'money'),
  column('cumulative_modification_costs', 'money'),
  column('interest_rate_step_ind', 'code', YES_NO),
  column('payment_deferral_flag', 'code', Object.keys(CODES.deferral)),
  column('eltv', 'integer'),
  column('zero_balance_removal_upb', 'money'),
  column('delinquent_accrued_interest', 'money'),
  column('delinquency_due_to_disaster', 'code', YES_NO),
  column('borrower_assistance_plan', 'code', Object.keys(CODES.assistance)),
  column('current_period_modification_costs', 'money'),
  column('current_interest_bearing_upb', 'money'),
  column('mi_cancellation_ind', 'code', ['Y', 'N', '7']),
  column('servicer_name', 'code', NAMES),
  column('bankruptcy_cramdown_costs', 'money'),
] as const satisfies readonly Column[]

export type OriginationColumn = (typeof ORIGINATION)[number]['name']
export type PerformanceColumn = (typeof PERFORMANCE)[number]['name']

/** Where a column stands in a row: `row[O.classic_fico]`. */
export const O = positions<OriginationColumn>(ORIGINATION)
export const P = positions<PerformanceColumn>(PERFORMANCE)

/**
 * Two things of a loan that Release 47 tells by month and older layouts once, in the origination file. They stand behind an
 * origination row's canonical columns.
 */
export const LOAN_SERVICER = ORIGINATION.length
export const LOAN_MI_CANCELLATION = ORIGINATION.length + 1
export const ORIGINATION_WIDTH = ORIGINATION.length + 2

function positions<Name extends string>(columns: readonly Column[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(columns.map(({ name }, position) => [name, position])) as Record<Name, number>
}
