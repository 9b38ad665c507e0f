/** Draws loans: who borrowed how much, on what house, at which rate, as the vintage's market had it. */
import { CODES, earlierLoan, LOAN_MI_CANCELLATION, LOAN_SERVICER, O } from './columns.ts'
import { NAMES, OTHER_SELLERS, OTHER_SERVICERS, sellers } from './lenders.ts'
import { mortgageRate, type Vintage, vintage } from './market.ts'
import { MSAS, PLACE_WEIGHTS, PLACES, STATES } from './places.ts'
import { month, type Quarter } from './quarter.ts'
import { cumulate, type Random } from './random.ts'

const { yesNo, occupancy, channel, propertyType, purpose, program, valuation, mortgageInsurance } = CODES
const HARP = { from: month(2009, 4), to: month(2018, 12) }
// High-balance loans exist since the stimulus act of February 2008.
const SUPER_CONFORMING_FROM = month(2008, 2)
const BORROWERS_COUNTED_FROM = month(2018, 4)
const APPRAISAL_WAIVERS_FROM = month(2017, 7)
const SELLER = NAMES.indexOf(OTHER_SELLERS)
const SERVICER = NAMES.indexOf(OTHER_SERVICERS)

const PURCHASE_LTV = { values: [80, 95, 90, 97, 85, 75, 70], cumulative: cumulate([44, 14, 9, 3, 3, 3, 2]) }
const TERMS = { values: [360, 180, 240, 120, 300], cumulative: cumulate([74, 18, 5, 2, 1]) }
const REFINANCE_TERMS = { values: [360, 180, 240, 120, 300], cumulative: cumulate([58, 28, 8, 5, 1]) }

/** Makes a quarter's loans, one at a time, into a row that it is given. */
export class Originations {
  readonly #quarter: Quarter
  readonly #vintage: Vintage
  readonly #sellers: number[]
  readonly #sellerWeights: Float64Array
  // A month's rates are asked for by every loan: the quarter has three.
  readonly #rates: number[]

  constructor(quarter: Quarter) {
    this.#quarter = quarter
    this.#vintage = vintage(quarter.year)
    const { names, weights } = sellers(quarter.year)
    this.#sellers = names
    this.#sellerWeights = cumulate(weights)
    this.#rates = [0, 1, 2].map((i) => mortgageRate(quarter.firstMonth + i))
  }

  /** Fills `row` (columns.ts, and the loan's servicer and insurance behind them) with the loan number `index`, from 0, of the quarter. */
  draw(row: Float64Array, index: number, random: Random): void {
    const { year, firstMonth } = this.#quarter
    const monthOfQuarter = random.whole(0, 2)
    const signed = firstMonth + monthOfQuarter
    const harp = signed >= HARP.from && signed <= HARP.to && random.chance(0.11)
    const refinance = harp || random.chance(this.#vintage.refinanceShare)
    row.fill(Number.NaN)
    row[O.loan_identifier] = index
    row[O.harp_ind] = harp ? yesNo.Y : yesNo.N
    if (harp) row[O.pre_harp_loan_identifier] = earlierLoan(random.whole(0, 15), random.whole(0, 899_999))

    const fico = this.#borrower(row, refinance, harp, random)
    this.#property(row, refinance, random)
    const ltv = this.#leverage(row, refinance, harp, random)
    this.#terms(row, signed, refinance, random)
    this.#rate(row, this.#rates[monthOfQuarter]!, fico, ltv, random)
    this.#amount(row, signed, random)
    this.#channel(row, year, random)
    this.#flags(row, signed, random)
  }

  #borrower(row: Float64Array, refinance: boolean, harp: boolean, random: Random): number {
    const { fico: mean, ficoDeviation, dti, firstTimeShare } = this.#vintage
    // Scores bunch below the top of the scale: what is drawn above 800 is pressed together.
    let fico = mean + 8 + ficoDeviation * random.normal()
    if (fico > 800) fico = 800 + (fico - 800) * 0.3
    fico = Math.round(Math.min(Math.max(fico, 480), 839))
    if (!random.chance(0.004)) row[O.classic_fico] = fico
    const vantage = Math.round(Math.min(Math.max(fico + 6 + 18 * random.normal(), 400), 850))
    // A modelling choice: the newer score is given for loans made since it exists.
    if (this.#quarter.year >= 2013 && !random.chance(0.02)) row[O.vantagescore_4] = vantage
    const ratio = Math.round(dti + 10 * random.normal())
    if (!harp && ratio <= 65 && !random.chance(0.015)) row[O.original_dti] = Math.max(ratio, 1)
    const first = !refinance && random.chance(firstTimeShare)
    if (!random.chance(0.02)) row[O.first_time_homebuyer_ind] = first ? yesNo.Y : yesNo.N
    const counted = this.#quarter.firstMonth >= BORROWERS_COUNTED_FROM
    if (!random.chance(0.0005)) {
      row[O.number_of_borrowers] = random.chance(0.44) ? 1 : counted && random.chance(0.02) ? random.whole(3, 5) : 2
    }
    return fico
  }

  #property(row: Float64Array, refinance: boolean, random: Random): void {
    const place = PLACES[random.weighted(PLACE_WEIGHTS)]!
    row[O.property_state] = STATES.indexOf(place.state)
    if (place.msa) row[O.msa_md] = MSAS.indexOf(place.msa)
    row[O.postal_code] = Number(random.pick(place.postalCodes))
    const units = random.chance(0.975) ? 1 : random.chance(0.7) ? 2 : random.whole(3, 4)
    row[O.number_of_units] = units
    const u = random.next()
    // A building with several homes is neither a condominium nor a cooperative.
    const type = units > 1 || u < 0.73 ? 'SF' : u < 0.895 ? 'PU' : u < 0.985 ? 'CO' : u < 0.996 ? 'MH' : 'CP'
    row[O.property_type] = propertyType[type]
    const v = random.next()
    row[O.occupancy_status] = v < 0.9 - (units > 1 ? 0.3 : 0) ? occupancy.P : v < 0.96 ? occupancy.I : occupancy.S
    const w = random.next()
    if (!refinance) row[O.loan_purpose] = purpose.P
    else row[O.loan_purpose] = w < 0.45 ? purpose.C : purpose.N
  }

  #leverage(row: Float64Array, refinance: boolean, harp: boolean, random: Random): number {
    let ltv: number
    if (harp) ltv = Math.min(Math.round(78 + Math.abs(22 * random.normal())), 180)
    else if (!refinance) ltv = random.chance(0.78) ? weighted(PURCHASE_LTV, random) : random.whole(25, 79)
    else ltv = random.chance(0.22) ? 80 : Math.min(Math.round(90 - Math.abs(26 * random.normal())), 90)
    ltv = Math.max(ltv, 6)
    if (row[O.occupancy_status] === occupancy.I && !harp) ltv = Math.min(ltv, 85)
    if (ltv === 97 && this.#quarter.year < 2014) ltv = 95
    row[O.original_ltv] = ltv
    row[O.original_cltv] = random.chance(0.08) ? Math.min(ltv + random.whole(3, 15), 200) : ltv
    const insured = ltv > 80 && !harp
    if (!insured) row[O.mi_pct] = 0
    else if (!random.chance(0.01))
      row[O.mi_pct] = ltv <= 85 ? random.pick([6, 12]) : ltv <= 90 ? 25 : ltv <= 95 ? 30 : 35
    row[LOAN_MI_CANCELLATION] = insured ? mortgageInsurance.N : mortgageInsurance['7']
    return ltv
  }

  #terms(row: Float64Array, signed: number, refinance: boolean, random: Random): void {
    const term = weighted(refinance ? REFINANCE_TERMS : TERMS, random)
    const firstPayment = signed + (random.chance(0.85) ? 2 : 1)
    row[O.original_loan_term] = term
    row[O.first_payment_date] = firstPayment
    row[O.maturity_date] = firstPayment + term - 1
    row[O.amortization_type] = 0
  }

  #rate(row: Float64Array, market: number, fico: number, ltv: number, random: Random): void {
    const term = row[O.original_loan_term]!
    let rate = market + 0.12 * random.normal() + Math.max(0, 740 - fico) * 0.0022 + Math.max(0, ltv - 75) * 0.006
    if (term <= 180) rate -= 0.6
    else if (term <= 240) rate -= 0.25
    if (row[O.occupancy_status] === occupancy.I) rate += 0.4
    // Lenders quote in eighths.
    row[O.original_interest_rate] = Math.max(Math.round(rate * 8), 14) * 125
  }

  #amount(row: Float64Array, signed: number, random: Random): void {
    const { upb } = this.#vintage
    const place = PRICE_OF_STATE[row[O.property_state]!]!
    // The limit of what may be bought: $240,000 in 1999, growing about 4.6 % a year.
    const limit = 240 * 1.046 ** (this.#quarter.year - 1999)
    const high = signed >= SUPER_CONFORMING_FROM && place > 1.2 && random.chance(0.08)
    let thousands = Math.round((upb / 1.12) * place * Math.exp(0.5 * random.normal()))
    if (row[O.original_loan_term]! <= 180) thousands = Math.round(thousands * 0.8)
    thousands = Math.min(Math.max(thousands, 12), Math.floor(limit))
    if (high) thousands = Math.round(limit * random.between(1.01, 1.5))
    row[O.super_conforming_flag] = high ? yesNo.Y : yesNo.N
    row[O.original_upb] = thousands * 100_000
  }

  #channel(row: Float64Array, year: number, random: Random): void {
    const u = random.next()
    // Until about 2008 most third-party loans did not say which kind of third party.
    if (u < 0.5) row[O.channel] = channel.R
    else if (year < 2008 && u < 0.93) row[O.channel] = channel.T
    else if (u < 0.8) row[O.channel] = channel.C
    else if (u < 0.998) row[O.channel] = channel.B
    const seller = this.#sellers[random.weighted(this.#sellerWeights)]!
    row[O.seller_name] = seller
    row[LOAN_SERVICER] = seller === SELLER || random.chance(0.25) ? SERVICER : seller
  }

  #flags(row: Float64Array, signed: number, random: Random): void {
    row[O.prepayment_penalty_ind] = signed < month(2006, 1) && random.chance(0.005) ? yesNo.Y : yesNo.N
    row[O.interest_only_ind] = yesNo.N
    const year = this.#quarter.year
    const modest = row[O.loan_purpose] === purpose.P && row[O.occupancy_status] === occupancy.P
    if (year >= 2015 && modest && random.chance(0.06))
      row[O.special_eligibility_program] = random.chance(0.7) ? program.H : program.F
    else if (year >= 2021 && !modest && random.chance(0.01)) row[O.special_eligibility_program] = program.R
    if (signed >= APPRAISAL_WAIVERS_FROM) {
      const u = random.next()
      row[O.property_valuation_method] =
        u < 0.25
          ? valuation.ace
          : year >= 2022 && u < 0.27
            ? valuation.aceAndData
            : u < 0.98
              ? valuation.appraisal
              : valuation.other
    }
  }
}

const PRICE_OF_STATE = STATES.map((state) => PLACES.find((place) => place.state === state)!.price)

function weighted(choice: { values: number[]; cumulative: Float64Array }, random: Random): number {
  return choice.values[random.weighted(choice.cumulative)]!
}
