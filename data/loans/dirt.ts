/**
 * What goes wrong in real files, done to rendered lines: each kind either breaks exactly one rule (README.md) or none, when a careful reader
 * gets the row all the same.
 */
import type { Field } from './layouts/layout.ts'
import type { Lines } from './lines.ts'
import type { Random } from './random.ts'

/** Why a record is rejected; a record that breaks several rules counts for the first. */
export const REASONS = [
  'field_count',
  'loan_identifier',
  'date',
  'number',
  'code',
  'duplicate',
  'unknown_loan',
] as const
export type Reason = (typeof REASONS)[number]

/** What each kind of dirt costs: a rejected record, or nothing. */
export const DIRT = {
  'missing field': 'field_count',
  'extra field': 'field_count',
  'cut line': 'field_count',
  'carriage return in a field': 'field_count',
  'bad identifier': 'loan_identifier',
  'bad date': 'date',
  'bad number': 'number',
  'bad code': 'code',
  duplicate: 'duplicate',
  'altered duplicate': 'duplicate',
  'unknown loan': 'unknown_loan',
  'spaces around fields': undefined,
  'spaces inside a name': undefined,
  'carriage return at the end': undefined,
  'Windows-1252 name': undefined,
} as const satisfies Record<string, Reason | undefined>
export type DirtKind = keyof typeof DIRT

const NAME_FIELDS = new Set(['seller_name', 'servicer_name'])
const BAD_DATES = ['199913', '200000', '19990231', '1999-03', '000000', 'MAR1999', '99']
const BAD_NUMBERS = ['N/A', 'ABC', '1,250', '12-', '$100', 'NaN', '1e3', '1 000', '--']
const BAD_CODES = ['?', '#', 'yy', '*9', 'n/a']
const OUT_OF_RANGE: Record<string, string> = {
  classic_fico: '299',
  vantagescore_4: '851',
  mi_pct: '56',
  original_dti: '66',
  number_of_units: '5',
  number_of_borrowers: '11',
}
const SPACE = 0x20
const BAR = 0x7c
const CR = 0x0d

/** Spoils lines of one table of one layout. */
export class Spoiler {
  readonly #fields: readonly Field[]
  readonly #kinds: readonly DirtKind[]
  readonly #byRule: Record<'date' | 'number' | 'code', number[]>
  readonly #names: number[]
  readonly #identifier: number
  readonly #strangers: string[]

  /**
   * @param kinds the kinds of dirt to choose from; those that the table cannot have are left out
   * @param strangers identifiers that the file cannot hold
   */
  constructor(
    fields: readonly Field[],
    table: 'origination' | 'performance',
    kinds: readonly DirtKind[],
    strangers: string[],
  ) {
    const numbered = fields.map((field, at) => ({ field, at }))
    const where = (test: (field: Field) => boolean) => numbered.filter(({ field }) => test(field)).map(({ at }) => at)
    this.#fields = fields
    this.#byRule = {
      date: where(({ rule }) => rule === 'date'),
      number: where(({ rule }) => rule === 'number'),
      code: where(({ rule }) => rule === 'code'),
    }
    this.#names = where(({ name }) => NAME_FIELDS.has(name))
    this.#identifier = where(({ rule }) => rule === 'identifier')[0]!
    this.#strangers = strangers
    this.#kinds = kinds.filter((kind) => {
      if (kind === 'unknown loan') return table === 'performance'
      if (kind === 'spaces inside a name' || kind === 'Windows-1252 name') return this.#names.length > 0
      return true
    })
  }

  choose(share: number, random: Random): DirtKind | undefined {
    return random.next() < share && this.#kinds.length > 0 ? random.pick(this.#kinds) : undefined
  }

  /** Changes the last line of `lines`, which has no line end yet; the number of records that a reader will now find in it. */
  spoil(kind: DirtKind, lines: Lines, random: Random): number {
    const last = this.#fields.length - 1
    switch (kind) {
      case 'missing field':
        lines.length = lines.fields[last]! - 1
        return 1
      case 'extra field':
        lines.byte(BAR)
        return 1
      case 'cut line':
        lines.length = lines.fields[random.whole(2, last - 1)]! - 1
        return 1
      case 'carriage return in a field': {
        // Not in the first or last field, where the two pieces could have the right number of fields or none.
        const field = random.whole(1, last - 1)
        insert(lines, random.whole(lines.fields[field]!, lines.fields[field + 1]! - 1), CR)
        return 2
      }
      case 'bad identifier':
        this.#replace(lines, this.#identifier, random.pick(this.#strangers))
        return 1
      case 'bad date': {
        const field = random.pick(this.#byRule.date)
        const blank = this.#fields[field]!.name === 'period' && random.chance(0.2)
        this.#replace(lines, field, blank ? ' ' : random.pick(BAD_DATES))
        return 1
      }
      case 'bad number': {
        const field = random.pick(this.#byRule.number)
        const outside = OUT_OF_RANGE[this.#fields[field]!.name]
        this.#replace(lines, field, outside && random.chance(0.5) ? outside : random.pick(BAD_NUMBERS))
        return 1
      }
      case 'bad code':
        this.#replace(lines, random.pick(this.#byRule.code), random.pick(BAD_CODES))
        return 1
      case 'spaces around fields':
        for (let times = random.whole(1, 3); times > 0; times--) {
          const field = random.whole(0, last)
          insert(lines, lines.fields[field]!, SPACE)
          for (let i = field + 1; i <= last; i++) lines.fields[i]!++
          insert(lines, field === last ? lines.length : lines.fields[field + 1]! - 1, SPACE)
          for (let i = field + 1; i <= last; i++) lines.fields[i]!++
        }
        return 1
      case 'spaces inside a name': {
        const start = lines.fields[random.pick(this.#names)]!
        const space = lines.bytes.indexOf(SPACE, start)
        if (space >= 0 && space < lines.length) insert(lines, space, SPACE)
        return 1
      }
      case 'carriage return at the end':
        lines.byte(CR)
        return 1
      default:
        return 1
    }
  }

  #replace(lines: Lines, field: number, text: string): void {
    const start = lines.fields[field]!
    const end = field === this.#fields.length - 1 ? lines.length : lines.fields[field + 1]! - 1
    lines.bytes.copyWithin(start + text.length, end, lines.length)
    lines.bytes.write(text, start, 'latin1')
    lines.length += text.length - (end - start)
  }
}

function insert(lines: Lines, at: number, byte: number): void {
  lines.bytes.copyWithin(at + 1, at, lines.length)
  lines.bytes[at] = byte
  lines.length++
}
