/**
 * The US mortgage market over time, as far as it shapes loans: rates, house prices, stress, and who borrowed.
 * The figures are rounded and from general knowledge (Freddie Mac's PMMS for rates, FHFA's purchase-only index for prices); they make sample
 * data look like its vintage and are no statistics. Months after the last year keep its values.
 */
import { month, yearOf } from './quarter.ts'

/** What a vintage looks like: averages of a year's loans. Shares are of all loans, DTI in percent, UPB in thousands of dollars. */
export interface Vintage {
  fico: number
  ficoDeviation: number
  dti: number
  upb: number
  refinanceShare: number
  firstTimeShare: number
}

const FIRST_YEAR = 1999

// fico, its deviation, DTI, average original UPB in $1,000, share of refinances, share of first-time buyers among purchases
const VINTAGES: [
  fico: number,
  ficoDeviation: number,
  dti: number,
  upb: number,
  refinance: number,
  firstTime: number,
][] = [
  [712, 57, 33, 126, 0.48, 0.24], // 1999
  [709, 58, 34, 128, 0.25, 0.25],
  [714, 57, 33, 143, 0.6, 0.25],
  [719, 57, 34, 151, 0.68, 0.26],
  [725, 55, 34, 156, 0.76, 0.27],
  [718, 58, 36, 164, 0.55, 0.28],
  [722, 57, 37, 175, 0.53, 0.28],
  [721, 57, 38, 181, 0.48, 0.29],
  [717, 60, 38, 184, 0.53, 0.3],
  [739, 53, 37, 204, 0.6, 0.31],
  [760, 44, 33, 213, 0.82, 0.35],
  [762, 44, 33, 209, 0.77, 0.36],
  [763, 44, 33, 208, 0.75, 0.36],
  [765, 44, 32, 214, 0.8, 0.36],
  [757, 48, 33, 213, 0.65, 0.37],
  [750, 49, 35, 217, 0.42, 0.4],
  [752, 48, 34, 226, 0.53, 0.41],
  [753, 48, 34, 232, 0.53, 0.42],
  [748, 49, 36, 232, 0.42, 0.43],
  [746, 49, 37, 234, 0.32, 0.45],
  [751, 48, 36, 256, 0.42, 0.45],
  [762, 43, 34, 287, 0.7, 0.47],
  [756, 45, 34, 298, 0.62, 0.47],
  [747, 48, 37, 308, 0.32, 0.48],
  [751, 47, 38, 316, 0.12, 0.49],
  [753, 46, 38, 326, 0.15, 0.5],
  [754, 46, 38, 335, 0.2, 0.5], // 2025
]

// Average 30-year fixed rate by quarter, percent.
const RATES: [number, number, number, number][] = [
  [6.88, 7.21, 7.8, 7.83], // 1999
  [8.26, 8.32, 8.03, 7.64],
  [7.01, 7.13, 6.97, 6.77],
  [6.97, 6.81, 6.29, 6.08],
  [5.84, 5.51, 6.03, 5.92],
  [5.61, 6.13, 5.89, 5.73],
  [5.76, 5.72, 5.76, 6.22],
  [6.24, 6.6, 6.56, 6.25],
  [6.22, 6.37, 6.55, 6.23],
  [5.88, 6.09, 6.32, 5.87],
  [5.06, 5.03, 5.16, 4.92],
  [5.0, 4.91, 4.45, 4.41],
  [4.85, 4.65, 4.31, 4.0],
  [3.92, 3.8, 3.55, 3.36],
  [3.5, 3.69, 4.44, 4.29],
  [4.36, 4.23, 4.14, 3.96],
  [3.72, 3.83, 3.95, 3.9],
  [3.74, 3.59, 3.45, 3.84],
  [4.17, 3.98, 3.88, 3.92],
  [4.28, 4.54, 4.57, 4.78],
  [4.37, 4.0, 3.66, 3.7],
  [3.51, 3.24, 2.95, 2.76],
  [2.88, 3.0, 2.87, 3.08],
  [3.82, 5.27, 5.58, 6.66],
  [6.37, 6.51, 7.04, 7.3],
  [6.75, 7.0, 6.51, 6.63],
  [6.83, 6.79, 6.57, 6.24], // 2025
]

// House prices at the start of each year, 1991 = 100.
const PRICES = [
  128, 136, 146, 156, 168, 181, 200, 218, 222, 212, 194, 188, 178, 179, 192, 206, 216, 228, 242, 259, 273, 288, 325,
  385, 397, 423, 434, 441,
]

// How much likelier than in quiet years a borrower misses a payment, by year.
const STRESS = [
  1, 1, 1.15, 1.1, 1, 0.95, 0.95, 1.1, 1.6, 2.8, 3.8, 3.2, 2.6, 2, 1.4, 1.1, 0.9, 0.8, 0.85, 0.75, 0.7, 1, 0.7, 0.65,
  0.7, 0.75, 0.8,
]

export function vintage(year: number): Vintage {
  const [fico, ficoDeviation, dti, upb, refinanceShare, firstTimeShare] = byYear(VINTAGES, year)
  return { fico, ficoDeviation, dti, upb, refinanceShare, firstTimeShare }
}

/** The average 30-year fixed rate of a month, percent. */
export function mortgageRate(month: number): number {
  // The quarter's average stands in its middle month; between two middles it is a straight line.
  const position = (month - 1) / 3
  const before = Math.floor(position)
  const part = position - before
  return quarterRate(before) * (1 - part) + quarterRate(before + 1) * part
}

/** House prices of a month, as an index. */
export function housePrices(month: number): number {
  const year = yearOf(month)
  const part = (month % 12) / 12
  return byYear(PRICES, year) * (1 - part) + byYear(PRICES, year + 1) * part
}

/** How much likelier than in quiet times a current borrower misses a payment in this month. */
export function stress(at: number): number {
  if (at >= PANDEMIC.from && at <= PANDEMIC.to) return 18
  return byYear(STRESS, yearOf(at))
}

/** The first months of the pandemic, when forbearance was to be had for the asking. */
export const PANDEMIC = { from: month(2020, 4), to: month(2020, 6) }

function quarterRate(quarter: number): number {
  return byYear(RATES, Math.floor(quarter / 4))[(quarter % 4) as 0 | 1 | 2 | 3]
}

function byYear<T>(list: readonly T[], year: number): T {
  return list[Math.min(Math.max(year - FIRST_YEAR, 0), list.length - 1)]!
}
