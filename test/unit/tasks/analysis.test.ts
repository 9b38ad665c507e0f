import { describe, expect, it } from 'vitest'
import { analyse, analysisOf } from '../../../tasks/batch/report/analysis.ts'
import { monthNumber } from '../../../tasks/batch/report/curves.ts'
import { loans } from '../../../tasks/batch/report/loans.ts'
import { bars, lines, monthTicks, ticks } from '../../../tasks/report/charts.ts'

const month = (date: string) => monthNumber(date)
const aged = (age: number | null, date: string, more: Record<string, number> = {}) => ({
  quarter: '1999Q1',
  age,
  reported: 100,
  active: 100,
  behind: 0,
  prepaid: 0,
  defaulted: 0,
  loss: 0,
  month: date,
  ...more,
})
const answers = {
  years: [{ year: 1999, loans: 100, upb: 1e7 }],
  states: [{ state: 'CA', loans: 60 }],
  monthly: [
    { quarter: '1999Q1', month: '1999-03-01', rate: 6.75, loans: 95 },
    { quarter: '1999Q1', month: '1999-04-01', rate: null, loans: 5 },
  ],
  aged: [
    aged(null, '1999-02-01', { loss: 100 }),
    aged(-1, '1999-02-01', { prepaid: 1 }),
    aged(0, '1999-03-01'),
    aged(1, '1999-04-01', { behind: 4, active: 80, loss: 1000 }),
    aged(2, '1999-05-01', { prepaid: 2, reported: 50, active: 9, behind: 9, loss: -250 }),
    aged(3, '1999-06-01', { prepaid: 3, reported: 50, defaulted: 1 }),
    aged(4, '1999-06-01', { prepaid: 7, reported: 9, active: 9 }),
  ],
  made: [{ quarter: '1999Q1', loans: 100, upb: 1e7, rate: 6.76, score: 712.4, ltv: null }],
}

describe('the analysis of the loans', () => {
  const { series, vintages } = analysisOf(answers)
  const points = (name: keyof typeof series) => series[name][0]!.points

  it('adds prepayments up over a vintage, those before its first payment too, in percent of its loans', () => {
    expect(points('prepaid').slice(0, 4)).toEqual([
      [0, 1],
      [1, 1],
      [2, 3],
      [3, 6],
    ])
  })

  it('tells the share of active loans that are behind, where enough of them are left', () => {
    expect(points('behind')).toEqual([
      [0, 0],
      [1, 5],
      [3, 0],
    ])
  })

  it('makes the prepayments of three months a yearly rate', () => {
    const staying = (1 - 2 / 50) * (1 - 3 / 50)
    expect(points('speed').map(([age]) => age)).toEqual([2, 3])
    expect(points('speed')[1]![1]).toBeCloseTo(100 * (1 - staying ** 4), 10)
  })

  it('adds net losses up in basis points of the balance that a vintage began with', () => {
    expect(
      points('losses')
        .slice(0, 4)
        .map(([, y]) => y),
    ).toEqual([0, 1, 0.75, 0.75])
  })

  it('ends a curve where a tenth of the loans is too young to be seen', () => {
    const { monthly, ...others } = answers
    const younger = monthly.map((row, i) => ({ ...row, loans: [85, 15][i]! }))
    const ends = (rows: typeof younger) => analysisOf({ ...others, monthly: rows }).series.prepaid[0]!.points.at(-1)![0]
    expect([ends(monthly), ends(younger)]).toEqual([3, 2])
  })

  it('sums a vintage up over all that is reported, whatever its age', () => {
    expect(vintages).toEqual([
      {
        quarter: '1999Q1',
        loans: 100,
        upb: 1e7,
        rate: 6.76,
        score: 712.4,
        ltv: null,
        reportedTo: '1999-06',
        prepaid: 13,
        defaulted: 1,
        loss: 850,
      },
    ])
  })

  it('places rates at their months, and none where none is known', () => {
    expect(points('rates')).toEqual([[month('1999-03-01'), 6.75]])
  })

  it('keeps a vintage without performance in its place', () => {
    const two = { ...answers, made: [{ ...answers.made[0]!, quarter: '1998Q4' }, ...answers.made] }
    expect(analysisOf(two).series.losses.map(({ name, points }) => [name, points.length])).toEqual([
      ['1998Q4', 0],
      ['1999Q1', 4],
    ])
  })

  it('asks the warehouse one question a part, each of the given quarters only', async () => {
    const asked: string[] = []
    await analyse(['1999Q1', '2005Q1'], async (sql) => {
      asked.push(sql)
      return []
    })
    expect(asked).toHaveLength(5)
    for (const sql of asked) expect(sql).toContain("IN ('1999Q1','2005Q1')")
  })
})

describe('the page of the loans', () => {
  it('says so where a vintage has no performance yet, and draws no number that is none', () => {
    const html = loans(analysisOf({ ...answers, aged: [] }))
    expect(html).toContain('Too few loans, or too young.')
    expect(html).toContain('never')
    expect(html + loans(analysisOf(answers))).not.toMatch(/NaN|undefined|Infinity/)
  })
})

describe('charts', () => {
  it.each([
    [0, 7013, 4, false, [0, 2000, 4000, 6000, 8000]],
    [0, 1.5, 4, false, [0, 0.5, 1, 1.5]],
    [5.6, 7.4, 4, false, [5.5, 6, 6.5, 7, 7.5]],
    [0, 23, 6, true, [0, 5, 10, 15, 20]],
    [3, 23, 6, true, [5, 10, 15, 20]],
    [0, 0, 4, false, [0, 0.5, 1]],
  ])('have round ticks from %d to %d', (low, high, about, inside, expected) => {
    const found = ticks(low, high, about, inside)
    if (high > low) expect(found).toEqual(expected)
    else expect(found.length).toBeGreaterThan(1)
  })

  it.each([
    ['1999-02', '1999-04', ['1999-02', '1999-03', '1999-04']],
    ['1999-02', '2000-03', ['1999-04', '1999-07', '1999-10', '2000-01']],
    ['1999-02', '2005-04', ['2000', '2002', '2004']],
  ])('write months from %s to %s as dates', (low, high, expected) => {
    const months: [number, number][] = [
      [monthNumber(low), 1],
      [monthNumber(high), 2],
    ]
    const html = lines([{ name: 'rate', points: months }], { label: '', x: '', unit: '', dates: true })
    const shown = [...html.matchAll(/text-anchor="middle">([^<]+)</g)].map(([, label]) => label)
    expect(shown).toEqual(expected)
    expect(monthTicks(monthNumber(low), monthNumber(low), 6)).toEqual([monthNumber(low)])
  })

  it('hold no markup of names, and no number that is none', () => {
    const html =
      lines([{ name: '<b>', points: [[0, 0]] }], { label: '"', x: 'age', unit: ' %' }) +
      bars([{ name: '<i>', value: 0, says: '0' }], 'x')
    expect(html).not.toMatch(/<b>|<i>|NaN|Infinity/)
  })

  it('are left out where there is nothing to show', () => {
    expect(lines([], { label: '', x: '', unit: '' }) + bars([], '')).toBe('')
  })

  it('tell many vintages by a scale instead of names', () => {
    const many = Array.from({ length: 20 }, (_, i) => ({ name: `v${i}`, points: [[0, i] as [number, number]] }))
    expect(lines(many, { label: '', x: '', unit: '' })).toMatch(/v0 <i class="scale" [^>]*><\/i> v19/)
  })
})
