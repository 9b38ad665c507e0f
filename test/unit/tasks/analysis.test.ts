import { describe, expect, it } from 'vitest'
import { analyse, analysisOf } from '../../../tasks/batch/report/analysis.ts'
import { bars, lines, ticks } from '../../../tasks/report/charts.ts'

const answers = {
  years: [{ year: 1999, loans: 100, upb: 1e7 }],
  states: [{ state: 'CA', loans: 60 }],
  monthly: [
    { quarter: '1999Q1', month: '1999-03-01', rate: 6.75, loans: 50 },
    { quarter: '1999Q1', month: '1999-04-01', rate: 7, loans: 50 },
  ],
  aged: [
    { quarter: '1999Q1', age: 0, loans: 100, behind: 0, prepaid: 1, loss: 0 },
    { quarter: '1999Q1', age: 1, loans: 50, behind: 1, prepaid: 2, loss: 1000 },
    { quarter: '1999Q1', age: 2, loans: 9, behind: 9, prepaid: 3, loss: 0 },
  ],
  made: [{ quarter: '1999Q1', loans: 100, upb: 1e7 }],
}

describe('the analysis of the loans', () => {
  const analysis = analysisOf(answers)

  it('adds prepayments up over a vintage, in percent of its loans', () => {
    expect(analysis.prepaid).toEqual([
      {
        name: '1999Q1',
        points: [
          [0, 1],
          [1, 3],
          [2, 6],
        ],
      },
    ])
  })

  it('tells the share of reporting loans that are behind, where enough of them report', () => {
    expect(analysis.behind).toEqual([
      {
        name: '1999Q1',
        points: [
          [0, 0],
          [1, 2],
        ],
      },
    ])
  })

  it('tells losses in basis points of the balance that a vintage began with', () => {
    expect(analysis.losses).toEqual([{ quarter: '1999Q1', dollars: 1000, basisPoints: 1 }])
  })

  it('places months between years', () => {
    expect(analysis.rates[0]!.points).toEqual([
      [1999 + 2 / 12, 6.75],
      [1999.25, 7],
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

describe('charts', () => {
  it.each([
    [0, 7013, 4, false, [0, 2000, 4000, 6000, 8000]],
    [0, 1.5, 4, false, [0, 0.5, 1, 1.5]],
    [5.6, 7.4, 4, false, [5.5, 6, 6.5, 7, 7.5]],
    [0, 23, 6, true, [0, 5, 10, 15, 20]],
    [0, 0, 4, false, [0, 0.5, 1]],
  ])('have round ticks from %d to %d', (low, high, about, inside, expected) => {
    const found = ticks(low, high, about, inside)
    if (high > low) expect(found).toEqual(expected)
    else expect(found.length).toBeGreaterThan(1)
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
    expect(lines(many, { label: '', x: '', unit: '' })).toContain('older vintages blue')
  })
})
