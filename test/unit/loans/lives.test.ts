import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateArchive } from '../../../data/loans/generate-archive.ts'
import { type Row, readArchive } from './read-archive.ts'

const LOSS_CODES = ['02', '03', '09', '15']
let folder: string
let originations: Row[]
let histories: Map<string, Row[]>

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stepwell-lives-'))
  const options = { quarter: '2006Q3', loans: 2500, dirty: 0, through: '2021-06', folder }
  const { path: file } = await generateArchive(options)
  const { origination, performance } = await readArchive(file, 'r47', '2006Q3')
  originations = origination.rows
  histories = Map.groupBy(performance.rows, (row) => row.loan_identifier!)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the life of a loan', () => {
  it('begins with its first payment, in consecutive months, under its own terms', () => {
    for (const loan of originations) {
      const months = histories.get(loan.loan_identifier!)!
      expect(months[0]!.period).toBe(loan.first_payment_date)
      expect(months[0]!.current_actual_upb).toBe(loan.original_upb)
      expect(Number(months[0]!.current_interest_rate)).toBe(Number(loan.original_interest_rate))
      expect(months[0]!.remaining_months_to_maturity).toBe(loan.original_loan_term)
      const numbers = months.map(({ period }) => monthNumber(period!))
      expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i))
    }
  })

  it('ends with its zero balance code, or goes on to the last reporting month', () => {
    for (const months of histories.values()) {
      const codes = months.map((row) => row.zero_balance_code)
      expect(codes.slice(0, -1).every((code) => code === null)).toBe(true)
      const last = months.at(-1)!
      if (last.zero_balance_code === null) {
        expect(last.period).toBe('2021-06-01')
        continue
      }
      expect(last.current_actual_upb).toBe('0.00')
      expect(last.zero_balance_effective_date).toBe(last.period)
    }
  })

  it('amortises: a paid month takes the balance down by payment minus interest', () => {
    let checked = 0
    for (const loan of originations.slice(0, 300)) {
      const rate = Number(loan.original_interest_rate) / 1200
      const payment = (Number(loan.original_upb) * rate) / (1 - (1 + rate) ** -Number(loan.original_loan_term))
      const months = histories.get(loan.loan_identifier!)!
      for (let i = 7; i < months.length; i++) {
        const [before, now] = [months[i - 1]!, months[i]!]
        const plain = [before, now].every(
          (row) => row.delinquency_status === '00' && !row.modification_flag && !row.zero_balance_code,
        )
        if (!plain || now.current_non_interest_bearing_upb !== '0.00') continue
        // After a missed month was caught up, the balance is as scheduled again.
        const expected = Number(before.current_actual_upb) * (1 + rate) - payment
        expect(Math.abs(Number(now.current_actual_upb) - expected)).toBeLessThan(0.02)
        checked++
      }
    }
    expect(checked).toBeGreaterThan(3000)
  })

  it('falls behind by one month at a time, and its last paid installment says how far', () => {
    for (const months of histories.values()) {
      for (let i = 1; i < months.length; i++) {
        const status = Number(months[i]!.delinquency_status)
        const before = Number(months[i - 1]!.delinquency_status)
        if (!Number.isInteger(status) || !Number.isInteger(before) || months[i]!.delinquency_status === null) continue
        if (months[i - 1]!.delinquency_status === null) continue
        expect(status - before).toBeLessThanOrEqual(1)
        const paid = months[i]!.ddlpi
        if (paid && status < 99) expect(monthNumber(months[i]!.period!) - 1 - monthNumber(paid)).toBe(status)
      }
    }
  })

  it('counts a loss as balance, interest and expenses less what came back', () => {
    const ends = [...histories.values()].map((months) => months.at(-1)!)
    const losses = ends.filter((row) => LOSS_CODES.includes(row.zero_balance_code ?? ''))
    expect(losses.length).toBeGreaterThan(30)
    for (const row of losses) {
      const cents = (name: string) => Math.round(Number(row[name]) * 100)
      const parts = ['legal_costs', 'maintenance_preservation_costs', 'taxes_and_insurance', 'miscellaneous_expenses']
      expect(cents('total_expenses')).toBe(parts.reduce((sum, name) => sum + cents(name), 0))
      expect(cents('mi_recoveries')).toBeLessThanOrEqual(0)
      if (row.net_sales_proceeds === 'U') {
        expect(row.actual_loss).toBeNull()
        continue
      }
      const names = ['zero_balance_removal_upb', 'delinquent_accrued_interest', 'total_expenses', 'mi_recoveries']
      const sum = [...names, 'non_mi_recoveries', 'net_sales_proceeds'].reduce((total, name) => total + cents(name), 0)
      expect(cents('actual_loss')).toBe(sum)
    }
    for (const row of ends.filter((row) => !losses.includes(row))) expect(row.actual_loss).toBeNull()
  })

  it('tells a modification once as Y and afterwards as P, with costs that add up', () => {
    const modified = [...histories.values()].filter((months) => months.some((row) => row.modification_flag))
    expect(modified.length).toBeGreaterThan(10)
    for (const months of modified) {
      const flags = months.map((row) => row.modification_flag ?? '-').join('')
      expect(flags).toMatch(/^-+YP*$/)
      let total = 0
      for (const row of months.filter((row) => row.modification_flag)) {
        total += Math.round(Number(row.current_period_modification_costs) * 100)
        expect(Math.round(Number(row.cumulative_modification_costs) * 100)).toBe(total)
      }
    }
  })
})

describe('a vintage', () => {
  it('looks like its market', () => {
    const mean = (name: string) => {
      const values = originations.flatMap((row) => (row[name] === null ? [] : Number(row[name])))
      return values.reduce((sum, value) => sum + value, 0) / values.length
    }
    // 2006: rates about 6.5 %, scores in the low 720s, and a crisis ahead.
    expect(mean('original_interest_rate')).toBeGreaterThan(6)
    expect(mean('original_interest_rate')).toBeLessThan(6.9)
    expect(mean('classic_fico')).toBeGreaterThan(705)
    expect(mean('classic_fico')).toBeLessThan(735)
    const defaults = [...histories.values()].filter((months) =>
      LOSS_CODES.includes(months.at(-1)!.zero_balance_code ?? ''),
    )
    expect(defaults.length / originations.length).toBeGreaterThan(0.02)
    expect(defaults.length / originations.length).toBeLessThan(0.15)
  })

  it('insures what is lent above 80 percent, and names a metropolitan area that lies in the state', () => {
    for (const row of originations) {
      if (Number(row.original_ltv) <= 80) expect(row.mi_pct).toBe('0')
      else expect(row.mi_pct).not.toBe('0')
      if (row.msa_md === '31084') expect(row.property_state).toBe('CA')
    }
  })
})

function monthNumber(date: string): number {
  return Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1
}
