import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LAYOUTS } from '../../../data/loans/layouts/index.ts'
import { windows1252 } from '../../../data/loans/layouts/layout.ts'
import { NAMES } from '../../../data/loans/lenders.ts'
import { Lines } from '../../../data/loans/lines.ts'
import { parseQuarter } from '../../../data/loans/quarter.ts'

const written = (write: (lines: Lines) => void): string => {
  const lines = new Lines()
  write(lines)
  return lines.take().toString('latin1')
}

describe('Lines', () => {
  it('writes whole numbers as String does', () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), fc.integer({ min: 1, max: 8 }), (value, digits) => {
        expect(written((lines) => lines.whole(value, digits))).toBe(String(value).padStart(digits, '0'))
      }),
    )
  })

  it('writes money with two decimals, or with those that it needs', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 13), max: 10 ** 13 }), (cents) => {
        const exact = (cents / 100).toFixed(2)
        expect(written((lines) => lines.money(cents))).toBe(exact)
        expect(Number(written((lines) => lines.money(cents, true)))).toBe(Number(exact))
      }),
    )
    expect(written((lines) => lines.money(18_000_000, true))).toBe('180000')
    expect(written((lines) => lines.money(-17_812_350, true))).toBe('-178123.5')
    expect(written((lines) => lines.money(5))).toBe('0.05')
  })

  it('writes rates without trailing zeros', () => {
    fc.assert(
      fc.property(fc.nat(99_999), (thousandths) => {
        expect(written((lines) => lines.rate(thousandths))).toBe(String(thousandths / 1000))
      }),
    )
  })

  it('keeps what was written when it grows', () => {
    const lines = new Lines()
    lines.text(Buffer.from('abc'))
    lines.reserve(5_000_000)
    expect(lines.take().toString()).toBe('abc')
  })
})

describe('layouts', () => {
  const quarter = parseQuarter('1999Q1')

  it.each([
    ['r47', 31, 35, 'historical_data_1999Q1.zip', 'orig_1999Q1.txt', 'perf_1999Q1.txt'],
    ['legacy32', 32, 32, 'historical_data_1999Q1.zip', 'historical_data_1999Q1.txt', 'historical_data_time_1999Q1.txt'],
    [
      'release2018',
      26,
      23,
      'historical_data1_Q11999.zip',
      'historical_data1_Q11999.txt',
      'historical_data1_time_Q11999.txt',
    ],
  ] as const)(
    '%s has its columns and names',
    (name, origination, performance, archive, originationFile, performanceFile) => {
      const layout = LAYOUTS[name]
      expect(layout.origination).toHaveLength(origination)
      expect(layout.performance).toHaveLength(performance)
      expect(layout.archiveName(quarter)).toBe(archive)
      expect(layout.originationFile(quarter)).toBe(originationFile)
      expect(layout.performanceFile(quarter)).toBe(performanceFile)
      expect(layout.identifier(quarter, 0)).toMatch(/^(F199Q1000001|F99Q10000001)$/)
    },
  )

  it('write names as Windows-1252, which has all of them', () => {
    for (const name of NAMES) expect(new TextDecoder('windows-1252').decode(windows1252(name))).toBe(name)
    expect(() => windows1252('Ł')).toThrow('no place in Windows-1252')
  })
})
