/** Lives of loans: month by month a borrower pays, falls behind, catches up, is helped, pays off or defaults. */
import { CODES, DELINQUENCY, LOAN_MI_CANCELLATION, LOAN_SERVICER, O, P, REO } from './columns.ts'
import { NAMES, OTHER_SERVICERS, sellers } from './lenders.ts'
import { fillLoss, type LossEnd } from './losses.ts'
import { housePrices, mortgageRate, PANDEMIC, stress } from './market.ts'
import { STATES } from './places.ts'
import { month, type Quarter, yearOf } from './quarter.ts'
import type { Random } from './random.ts'

const { yesNo, modification, zeroBalance, deferral, assistance, mortgageInsurance } = CODES

/** Balances of a loan's first months are rounded to $1,000, for privacy. */
const ROUNDED_MONTHS = 6
/** Estimated LTVs are published from this reporting month on. */
export const ELTV_FROM = month(2017, 4)
const DISASTERS_FROM = month(2014, 1)
const MODIFICATIONS_GREW_IN = month(2009, 3)
const SALES_OF_LOANS_FROM = month(2014, 7)
const RESECURITISED_FROM = month(2018, 8)
const FORBEARANCE_TO = month(2021, 9)
const HURRICANES = [
  { states: ['TX', 'FL', 'GA'], from: month(2017, 9), to: month(2018, 3) },
  { states: ['PR', 'VI'], from: month(2017, 10), to: month(2018, 6) },
  { states: ['FL', 'SC', 'NC'], from: month(2022, 10), to: month(2023, 3) },
]
// By months behind (1, 2, 3 and more): catches up wholly, pays one installment; what is left falls further behind.
const CATCH_UP = [0, 0.42, 0.2, 0.07]
const PAY_ONE = [0, 0.34, 0.28, 0.12]
/** Home sales by month of year: more in summer. */
const SEASON = [0.75, 0.75, 0.95, 1.02, 1.1, 1.2, 1.15, 1.15, 1.02, 1, 0.95, 0.9]

export class Servicing {
  readonly #base: number
  readonly #through: number
  readonly #rates: Float64Array
  readonly #prices: Float64Array
  readonly #stress: Float64Array
  readonly #servicers: number[]
  readonly #row = new Float64Array(Object.keys(P).length)

  // The loan being served, amounts in cents and rates in thousandths of a percent.
  #balance = 0
  #deferred = 0
  #rate = 0
  #payment = 0
  #age = 0
  #remaining = 0
  #missed = 0
  #reo = false
  #modified = false
  #deferredBefore = false
  #trial = 0
  /** How much lower a modification made the rate. */
  #lostRate = 0
  #modificationCosts = 0
  #value = 0

  /** @param through the last reporting month */
  constructor(quarter: Quarter, through: number) {
    this.#base = quarter.firstMonth
    this.#through = through
    const months = Array.from({ length: Math.max(through - this.#base + 1, 1) }, (_, i) => this.#base + i)
    this.#rates = Float64Array.from(months, mortgageRate)
    this.#prices = Float64Array.from(months, housePrices)
    this.#stress = Float64Array.from(months, stress)
    const names = new Set([quarter.year, yearOf(through)].flatMap((year) => sellers(year).names.slice(1)))
    this.#servicers = [NAMES.indexOf(OTHER_SERVICERS), ...names]
  }

  /**
   * The loan's monthly rows in order, each in the same array (columns.ts, PERFORMANCE), which `emit` must have used up when it returns:
   * from the month of the first payment until the loan is gone or the last reporting month.
   */
  serve(loan: Float64Array, random: Random, emit: (row: Float64Array) => void): void {
    const first = loan[O.first_payment_date]!
    const row = this.#row
    this.#begin(loan)
    const spread = loan[O.original_interest_rate]! - 1000 * this.#rates[0]!
    const fico = loan[O.classic_fico]! || 690
    const weakness = Math.exp((722 - fico) / 55)
    const hurricanes = HURRICANES.filter(({ states }) => states.includes(STATES[loan[O.property_state]!]!))
    let servicer = loan[LOAN_SERVICER]!
    let insurance = loan[LOAN_MI_CANCELLATION]!

    for (let month = first; month <= this.#through; month++) {
      const at = month - this.#base
      row.fill(Number.NaN)
      row[P.loan_identifier] = loan[O.loan_identifier]!
      row[P.period] = month
      const house = this.#value * (this.#prices[at]! / this.#prices[0]!)
      let end: keyof typeof zeroBalance | undefined
      if (month > first) end = this.#live(row, month, at, house, spread, weakness, random)

      if (random.chance(0.003)) servicer = random.pick(this.#servicers)
      if (insurance === mortgageInsurance.N && this.#missed === 0 && this.#balance < 0.78 * this.#value)
        insurance = mortgageInsurance.Y
      if (!random.chance(0.001)) row[P.mi_cancellation_ind] = insurance
      row[P.servicer_name] = servicer
      this.#report(row, month, month - first, house, hurricanes, random)
      if (end) {
        this.#leave(row, end, month, loan, house, random)
        emit(row)
        return
      }
      emit(row)
    }
  }

  #begin(loan: Float64Array): void {
    this.#balance = loan[O.original_upb]!
    this.#rate = loan[O.original_interest_rate]!
    this.#remaining = loan[O.original_loan_term]!
    this.#value = this.#balance / (loan[O.original_ltv]! / 100)
    this.#payment = installment(this.#balance, this.#rate, this.#remaining)
    this.#deferred = 0
    this.#age = 0
    this.#missed = 0
    this.#reo = false
    this.#modified = false
    this.#deferredBefore = false
    this.#trial = 0
    this.#lostRate = 0
    this.#modificationCosts = 0
  }

  /** What happens in a month after the first; the way the loan leaves, if it does. */
  #live(row: Float64Array, month: number, at: number, house: number, spread: number, weakness: number, random: Random) {
    this.#age++
    this.#remaining--
    if (this.#reo) {
      this.#missed++
      return random.chance(0.14) ? '09' : undefined
    }
    if (this.#missed > 0) return this.#behind(row, month, house, random)
    const u = random.next()
    const incentive = (this.#rate - spread) / 1000 - this.#rates[at]!
    const ramp = Math.min(1, (this.#age + 2) / 24)
    const yearly = 0.075 + 0.43 / (1 + Math.exp(-4.5 * (incentive - 0.7)))
    const prepays = (yearly / 12) * ramp * SEASON[month % 12]! * (house < this.#balance ? 0.2 : 1)
    if (u < prepays) return '01'
    // Who owes more than the house is worth stops paying sooner; who owns most of it seldom does.
    const owed = (100 * this.#balance) / house
    const leverage = owed > 75 ? 1 + (owed - 75) * 0.06 : Math.max((owed / 75) ** 1.5, 0.12)
    const misses = Math.min(0.0045 * weakness * leverage * this.#stress[at]! * (0.4 + 0.6 * ramp), 0.3)
    if (u < prepays + misses) {
      this.#missed = 1
      return undefined
    }
    if (this.#modified && month >= RESECURITISED_FROM && random.chance(0.004)) return '16'
    if (random.chance(0.00002)) return '96'
    return this.#pay()
  }

  #behind(row: Float64Array, month: number, house: number, random: Random): keyof typeof zeroBalance | undefined {
    const bucket = Math.min(this.#missed, 3)
    const forborne = month >= PANDEMIC.from && month <= FORBEARANCE_TO
    if (this.#trial > 0) {
      row[P.borrower_assistance_plan] = assistance.T
      if (--this.#trial === 0) this.#modify(row, month, random)
      else this.#missed++
      return undefined
    }
    if (forborne) {
      row[P.borrower_assistance_plan] = assistance.F
      if (this.#missed >= 2 && random.chance(0.13)) {
        this.#defer(row)
        return undefined
      }
    } else if (bucket < 3 && random.chance(0.05)) row[P.borrower_assistance_plan] = assistance.R

    let u = random.next()
    if (u < CATCH_UP[bucket]!) {
      const installments = this.#missed + 1
      this.#missed = 0
      for (let i = 0; i < installments; i++) if (this.#pay()) return '01'
      return undefined
    }
    u -= CATCH_UP[bucket]!
    if (u < PAY_ONE[bucket]!) return this.#pay()
    u -= PAY_ONE[bucket]!
    // With a house that is worth more than the debt, a sale pays it off.
    const sells = house > 1.25 * this.#balance ? 0.07 : house > 1.05 * this.#balance ? 0.03 : 0.006
    if (u < sells) return '01'
    u -= sells
    this.#missed++
    if (forborne || this.#missed < 4) return undefined
    const helped = month >= MODIFICATIONS_GREW_IN ? 0.05 : 0.006
    if (u < helped && !this.#modified) {
      this.#trial = 3
      return undefined
    }
    u -= helped
    if (this.#missed < 7) return random.chance(0.0015) ? '96' : undefined
    const underwater = house < this.#balance
    if (u < 0.012) return '02'
    if (u < (underwater ? 0.034 : 0.017)) return '03'
    if (u < 0.08) {
      this.#reo = true
      return undefined
    }
    return month >= SALES_OF_LOANS_FROM && this.#missed > 14 && random.chance(0.02) ? '15' : undefined
  }

  /** One installment; the loan is over when nothing is left. */
  #pay(): '01' | undefined {
    const interest = Math.round((this.#balance * this.#rate) / 1_200_000)
    this.#balance = Math.max(0, this.#balance - (this.#payment - interest))
    return this.#balance < 100 || this.#remaining <= 0 ? '01' : undefined
  }

  /** Moves the missed installments to the end of the loan, without interest. */
  #defer(row: Float64Array): void {
    this.#deferred += this.#missed * this.#payment
    for (let i = 0; i < this.#missed; i++) this.#pay()
    this.#missed = 0
    this.#deferredBefore = true
    row[P.payment_deferral_flag] = deferral.C
  }

  /** A lower rate and a longer term on the balance with its missed interest; sometimes part of it bears no interest. */
  #modify(row: Float64Array, month: number, random: Random): void {
    this.#balance += Math.round((this.#balance * this.#rate * this.#missed) / 1_200_000)
    const rate = Math.max(Math.min(2000, this.#rate), this.#rate - 125 * random.whole(4, 24))
    this.#lostRate = this.#rate - rate
    this.#rate = rate
    if (month >= MODIFICATIONS_GREW_IN) this.#remaining = 480
    if (random.chance(0.2)) {
      const part = Math.round(this.#balance * random.between(0.05, 0.25))
      this.#balance -= part
      this.#deferred += part
    }
    this.#remaining = Math.max(this.#remaining, 60)
    this.#payment = installment(this.#balance, this.#rate, this.#remaining)
    this.#age = 0
    this.#missed = 0
    this.#modified = true
    row[P.modification_flag] = modification.Y
    row[P.interest_rate_step_ind] = random.chance(0.3) ? yesNo.Y : yesNo.N
  }

  #report(
    row: Float64Array,
    month: number,
    months: number,
    house: number,
    hurricanes: typeof HURRICANES,
    random: Random,
  ): void {
    const balance = months < ROUNDED_MONTHS ? toThousands(this.#balance) : this.#balance
    row[P.current_interest_bearing_upb] = balance
    row[P.current_non_interest_bearing_upb] = this.#deferred
    row[P.current_actual_upb] = balance + this.#deferred
    if (!random.chance(0.0003))
      row[P.delinquency_status] = this.#reo ? REO : Math.min(this.#missed, DELINQUENCY.length - 2)
    row[P.loan_age] = this.#age
    row[P.remaining_months_to_maturity] = this.#remaining
    row[P.current_interest_rate] = this.#rate
    if (months > this.#missed) row[P.ddlpi] = month - 1 - this.#missed
    if (month >= ELTV_FROM && !random.chance(0.02)) {
      row[P.eltv] = Math.min(Math.max(Math.round((100 * (this.#balance + this.#deferred)) / house), 1), 998)
    }
    if (
      this.#missed > 0 &&
      month >= DISASTERS_FROM &&
      hurricanes.some(({ from, to }) => month >= from && month <= to)
    ) {
      if (random.chance(0.5)) row[P.delinquency_due_to_disaster] = yesNo.Y
    }
    if (this.#missed > 2 && random.chance(0.0005)) row[P.bankruptcy_cramdown_costs] = random.whole(50_000, 2_500_000)
    if (this.#modified) this.#reportModification(row)
    if (this.#deferredBefore && Number.isNaN(row[P.payment_deferral_flag]!)) row[P.payment_deferral_flag] = deferral.P
  }

  #reportModification(row: Float64Array): void {
    if (Number.isNaN(row[P.modification_flag]!)) row[P.modification_flag] = modification.P
    // What the lower rate costs this month, against the rate before.
    const cost = Math.round((this.#balance * this.#lostRate) / 1_200_000)
    this.#modificationCosts += cost
    row[P.current_period_modification_costs] = cost
    row[P.cumulative_modification_costs] = this.#modificationCosts
  }

  #leave(
    row: Float64Array,
    end: keyof typeof zeroBalance,
    month: number,
    loan: Float64Array,
    house: number,
    random: Random,
  ): void {
    const balance = row[P.current_actual_upb]!
    row[P.zero_balance_code] = zeroBalance[end]
    row[P.zero_balance_effective_date] = month
    row[P.zero_balance_removal_upb] = balance
    row[P.current_actual_upb] = 0
    row[P.current_interest_bearing_upb] = 0
    row[P.current_non_interest_bearing_upb] = 0
    if (end === '96') row[P.defect_settlement_date] = month
    if (!isLoss(end)) return
    const insured = row[P.mi_cancellation_ind] === mortgageInsurance.N
    const defaulted = {
      balance,
      rate: this.#rate,
      missed: this.#missed,
      value: house,
      insurance: insured ? loan[O.mi_pct]! || 0 : 0,
    }
    fillLoss(row, end, defaulted, random)
  }
}

function isLoss(end: string): end is LossEnd {
  return end === '02' || end === '03' || end === '09' || end === '15'
}

/** The level payment that repays `balance` cents in `months`, at thousandths of a percent a year. */
export function installment(balance: number, rate: number, months: number): number {
  const monthly = rate / 1_200_000
  return Math.round(monthly === 0 ? balance / months : (balance * monthly) / (1 - (1 + monthly) ** -months))
}

function toThousands(cents: number): number {
  return Math.round(cents / 100_000) * 100_000
}
