/** How a layout writes the canonical columns: names, order, signs, spellings and what stands for NULL. */
import type { Lines } from '../lines.ts'
import { type Quarter, yearOf } from '../quarter.ts'

/** The rule (README.md) that a bad text in this field breaks; `free` fields take any text. */
export type Rule = 'identifier' | 'date' | 'number' | 'code' | 'free'

export interface Field {
  /** The canonical column, or the layout's own name. */
  name: string
  rule: Rule
  /** Writes a value that is not NULL. */
  write: (lines: Lines, value: number, archive: ArchiveContext) => void
  /** What stands for NULL. */
  missing: string
  /** The reporting month since which the column is published: before it, NULL is the empty field. */
  since?: number
  /** Where the value stands in the row. */
  position: number
}

/** What every line of an archive has in common. */
export interface ArchiveContext {
  /** `99Q1` in bytes. */
  shortQuarter: Buffer
}

export interface Layout {
  name: LayoutName
  origination: readonly Field[]
  performance: readonly Field[]
  archiveName(quarter: Quarter): string
  originationFile(quarter: Quarter): string
  performanceFile(quarter: Quarter): string
  /** A loan's identifier, 12 characters; `index` counts from 0. */
  identifier(quarter: Quarter, index: number): string
  /** The identifier of an earlier quarter's loan, columns.ts `earlierLoan`. */
  earlierIdentifier(value: number): string
  /** How many loans a quarter can name. */
  identifiers: number
  /**
   * Canonical columns of performance that every row takes from its loan, because the layout tells them once, in origination:
   * where the value stands in the origination row.
   */
  fromLoan: Readonly<Record<string, number>>
  /** Canonical columns that the layout has but whose content it cannot tell. */
  untold: readonly string[]
}

export type LayoutName = 'r47' | 'legacy32' | 'release2018'

export const write = {
  whole: (lines: Lines, value: number) => lines.whole(value),
  /** At least this many digits: `000`, `02`. */
  digits: (digits: number) => (lines: Lines, value: number) => lines.whole(value, digits),
  date: (lines: Lines, value: number) => {
    lines.whole(yearOf(value))
    lines.whole((value % 12) + 1, 2)
  },
  rate: (lines: Lines, value: number) => lines.rate(value),
  money: (lines: Lines, value: number) => lines.money(value),
  shortMoney: (lines: Lines, value: number) => lines.money(value, true),
  /** Amounts whose sign changed with Release 47. */
  oppositeMoney: (lines: Lines, value: number) => lines.money(value === 0 ? 0 : -value, true),
  /** Texts by index, as Windows-1252. */
  texts: (texts: readonly string[]) => {
    const encoded = texts.map(windows1252)
    return (lines: Lines, value: number) => lines.text(encoded[value]!)
  },
} as const

// The places of Windows-1252 that differ from Latin-1, as far as names here use them: https://encoding.spec.whatwg.org/#windows-1252
const WINDOWS_1252 = new Map([['’', 0x92]])

/** @throws RangeError for a letter that Windows-1252 does not have */
export function windows1252(text: string): Buffer {
  return Buffer.from(
    Array.from(text, (letter) => {
      const byte = WINDOWS_1252.get(letter) ?? letter.codePointAt(0)!
      if (byte > 0xff) throw new RangeError(`"${letter}" of "${text}" has no place in Windows-1252.`)
      return byte
    }),
  )
}
