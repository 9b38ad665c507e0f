/** What a loan costs that ends in a loss: recoveries (negative) and expenses (positive), in Release 47's signs. */
import { P, UNKNOWN_PROCEEDS } from './columns.ts'
import type { Random } from './random.ts'

/** How a defaulted loan leaves, with its Zero Balance Code. */
export type LossEnd = '02' | '03' | '09' | '15'

export interface DefaultedLoan {
  /** Unpaid balance when it left, cents. */
  balance: number
  /** Thousandths of a percent. */
  rate: number
  /** Months since the last paid installment. */
  missed: number
  /** What the house is worth today in a normal sale, cents. */
  value: number
  /** Mortgage insurance cover, percent; 0 without. */
  insurance: number
}

// Of the rate, the servicer keeps this much: it is not part of the interest that is lost (thousandths of a percent).
const SERVICING_FEE = 350

/**
 * Fills the loss columns of a loan's last row. For these ends
 * actual loss = balance + accrued interest + expenses + recoveries, where recoveries are negative amounts.
 */
export function fillLoss(row: Float64Array, end: LossEnd, loan: DefaultedLoan, random: Random): void {
  const { balance, rate, missed, value, insurance } = loan
  const interest = Math.round((balance * Math.max(rate - SERVICING_FEE, 0) * missed) / 1_200_000)
  const months = Math.max(missed, 6)
  const legal = cents(random.between(1_500, 5_500))
  const upkeep = end === '09' ? cents(random.between(1_500, 9_000)) : cents(random.between(0, 1_200))
  const taxes = Math.round((value * random.between(0.009, 0.022) * months) / 12)
  const other = cents(random.between(0, 900))
  const expenses = legal + upkeep + taxes + other
  // A sale on the courthouse steps or from the bank's books brings less than one by its owner, and houses that end so were let go before.
  // What is left beyond the debt is the borrower's.
  const discount = { '02': 0.74, '03': 0.82, '09': 0.66, '15': 0.62 }[end]
  const price = value * discount * random.between(0.75, 1.1) * 0.94
  const proceeds = -Math.round(Math.min(price, (balance + interest + expenses) * random.between(0.92, 1.01)))
  const covered = insurance > 0 && random.chance(0.85)
  const insured = covered ? -Math.round(((balance + interest) * insurance) / 100) : 0
  const otherRecovery = random.chance(0.3) ? -cents(random.between(50, 3_000)) : 0
  row[P.delinquent_accrued_interest] = interest
  row[P.legal_costs] = legal
  row[P.maintenance_preservation_costs] = upkeep
  row[P.taxes_and_insurance] = taxes
  row[P.miscellaneous_expenses] = other
  row[P.total_expenses] = expenses
  row[P.mi_recoveries] = insured
  row[P.non_mi_recoveries] = otherRecovery
  if (random.chance(0.03)) {
    // Without the price nobody can say what was lost.
    row[P.net_sales_proceeds] = UNKNOWN_PROCEEDS
    return
  }
  row[P.net_sales_proceeds] = proceeds
  row[P.actual_loss] = balance + interest + expenses + insured + otherRecovery + proceeds
}

function cents(dollars: number): number {
  return Math.round(dollars * 100)
}
