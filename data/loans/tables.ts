/** The lines of an archive's two files, as chunks of bytes, counted while they are written. */
import { O, ORIGINATION, ORIGINATION_WIDTH, P, PERFORMANCE } from './columns.ts'
import { DIRT, type DirtKind, Spoiler } from './dirt.ts'
import type { ArchiveContext, Field, Layout } from './layouts/layout.ts'
import { ACCENTED_NAMES } from './lenders.ts'
import { Lines } from './lines.ts'
import { Originations } from './origination.ts'
import type { Quarter } from './quarter.ts'
import { Random } from './random.ts'
import { Servicing } from './servicing.ts'
import { Tally } from './truth.ts'

export interface TablesOptions {
  quarter: Quarter
  layout: Layout
  loans: number
  seed: number
  /** The share of lines that are dirty. */
  dirty: number
  kinds: readonly DirtKind[]
  /** The last reporting month. */
  through: number
}

const CHUNK = 1 << 18
const LF = 0x0a
// What a loan draws from: each purpose has its own stream, so that a loan is the same whatever dirt falls on its lines.
const STREAM = { loan: 1, life: 2, originationDirt: 3, performanceDirt: 4 }

export class Tables {
  readonly origination = new Tally(ORIGINATION)
  readonly performance = new Tally(PERFORMANCE)
  readonly #options: TablesOptions
  readonly #originations: Originations
  readonly #originationSpoiler: Spoiler
  readonly #performanceSpoiler: Spoiler
  readonly #context: ArchiveContext
  readonly #loan = new Float64Array(ORIGINATION_WIDTH)
  readonly #random = new Random()
  readonly #dirtRandom = new Random()

  constructor(options: TablesOptions) {
    const { quarter, layout, kinds } = options
    const strangers = badIdentifiers(layout, quarter)
    this.#options = options
    this.#originations = new Originations(quarter)
    this.#originationSpoiler = new Spoiler(layout.origination, 'origination', kinds, strangers)
    this.#performanceSpoiler = new Spoiler(layout.performance, 'performance', kinds, strangers)
    this.#context = { shortQuarter: Buffer.from(quarter.short) }
  }

  /** The origination file. Runs once. */
  *originationChunks(): Generator<Buffer> {
    const { layout, loans } = this.#options
    const table = new Writer(layout.origination, this.#context, this.origination)
    const blank = absent(ORIGINATION, layout.origination, [])
    const altered = new Float64Array(ORIGINATION_WIDTH)
    for (let index = 0; index < loans; index++) {
      const kind = this.#draw(index)
      const row = this.#loan
      for (const position of blank) row[position] = Number.NaN
      if (kind === 'Windows-1252 name') row[O.seller_name] = this.#dirtRandom.pick(ACCENTED_NAMES)
      if (kind === 'altered duplicate') {
        altered.set(row)
        altered[O.classic_fico] = row[O.classic_fico] === 700 ? 710 : 700
      }
      table.write(row, kind, altered, this.#originationSpoiler, this.#dirtRandom)
      if (table.lines.length > CHUNK) yield table.lines.take()
    }
    yield table.lines.take()
  }

  /** The performance file: the same loans once more, and what became of them. Runs once. */
  *performanceChunks(): Generator<Buffer> {
    const { layout, loans, quarter, through, seed, dirty } = this.#options
    const table = new Writer(layout.performance, this.#context, this.performance)
    const servicing = new Servicing(quarter, through)
    const spoiler = this.#performanceSpoiler
    const random = this.#dirtRandom
    const blank = absent(PERFORMANCE, layout.performance, layout.untold).filter(
      (position) => !Object.hasOwn(layout.fromLoan, PERFORMANCE[position]!.name),
    )
    const fromLoan = Object.entries(layout.fromLoan).map(([name, position]) => ({
      to: P[name as keyof typeof P],
      from: position,
    }))
    const altered = new Float64Array(PERFORMANCE.length)
    let unknown = 0
    let known = true

    const emit = (row: Float64Array): void => {
      for (const position of blank) row[position] = Number.NaN
      for (const { to, from } of fromLoan) row[to] = this.#loan[from]!
      const kind = spoiler.choose(dirty, random)
      if (kind === 'Windows-1252 name') row[P.servicer_name] = random.pick(ACCENTED_NAMES)
      else if (kind === 'unknown loan') {
        // Named from the far end of the identifiers, where no loan is.
        row[P.loan_identifier] = layout.identifiers - 1 - unknown++
      } else if (kind === 'altered duplicate') {
        altered.set(row)
        altered[P.current_interest_rate] = row[P.current_interest_rate]! + 125
      }
      table.write(row, kind, altered, spoiler, random, known)
    }
    for (let index = 0; index < loans; index++) {
      const kind = this.#draw(index)
      const reason = kind && DIRT[kind]
      known = reason === undefined || reason === 'duplicate'
      random.seed(seed, quarter.firstMonth, index, STREAM.performanceDirt)
      servicing.serve(this.#loan, this.#random.seed(seed, quarter.firstMonth, index, STREAM.life), emit)
      if (table.lines.length > CHUNK) yield table.lines.take()
    }
    yield table.lines.take()
  }

  /** Makes the loan number `index` of the quarter, and says which dirt falls on its origination line. */
  #draw(index: number): DirtKind | undefined {
    const { seed, quarter, dirty } = this.#options
    this.#originations.draw(this.#loan, index, this.#random.seed(seed, quarter.firstMonth, index, STREAM.loan))
    return this.#originationSpoiler.choose(
      dirty,
      this.#dirtRandom.seed(seed, quarter.firstMonth, index, STREAM.originationDirt),
    )
  }
}

/** Writes rows of one table as lines, spoils some, and counts. */
class Writer {
  readonly lines = new Lines()
  readonly #fields: readonly Field[]
  readonly #context: ArchiveContext
  readonly #tally: Tally
  readonly #missing: Buffer[]

  constructor(fields: readonly Field[], context: ArchiveContext, tally: Tally) {
    this.#fields = fields
    this.#context = context
    this.#tally = tally
    this.#missing = fields.map(({ missing }) => Buffer.from(missing))
  }

  /**
   * @param altered the row's double, where `kind` is 'altered duplicate'
   * @param known whether the row's loan is there
   */
  write(
    row: Float64Array,
    kind: DirtKind | undefined,
    altered: Float64Array,
    spoiler: Spoiler,
    random: Random,
    known = true,
  ): void {
    const { lines } = this
    const start = lines.length
    this.#render(row)
    if (kind === undefined) {
      lines.byte(LF)
      this.#count(row, known)
      return
    }
    const reason = DIRT[kind]
    if (reason === 'duplicate') {
      const end = lines.length
      lines.byte(LF)
      const second = lines.length
      this.#render(kind === 'duplicate' ? row : altered)
      // The smaller line stays.
      const secondStays = kind !== 'duplicate' && lines.bytes.compare(lines.bytes, start, end, second, lines.length) < 0
      lines.byte(LF)
      this.#tally.reject('duplicate')
      this.#count(secondStays ? altered : row, known)
      return
    }
    const records = spoiler.spoil(kind, lines, random)
    lines.byte(LF)
    if (reason === undefined) this.#count(row, known)
    else this.#tally.reject(reason, records)
  }

  #count(row: Float64Array, known: boolean): void {
    if (known) this.#tally.add(row)
    else this.#tally.reject('unknown_loan')
  }

  #render(row: Float64Array): void {
    const { lines } = this
    const fields = this.#fields
    lines.beginLine()
    for (let i = 0; i < fields.length; i++) {
      if (i > 0) lines.bar()
      const field = fields[i]!
      const value = row[field.position]!
      if (!Number.isNaN(value)) field.write(lines, value, this.#context)
      else if (field.since === undefined || row[P.period]! >= field.since) lines.text(this.#missing[i]!)
    }
  }
}

/** Canonical columns that the layout does not tell: they are NULL after it. */
function absent(columns: readonly { name: string }[], fields: readonly Field[], untold: readonly string[]): number[] {
  const told = new Set(fields.map(({ name }) => name))
  return columns.flatMap(({ name }, position) => (told.has(name) && !untold.includes(name) ? [] : [position]))
}

/** Texts that no identifier of this quarter's file can be. */
function badIdentifiers(layout: Layout, quarter: Quarter): string[] {
  const good = layout.identifier(quarter, 0)
  const other = { ...quarter, short: `${quarter.short.slice(0, 3)}${(quarter.quarter % 4) + 1}` }
  return [
    '',
    good.slice(0, -1),
    `${good}0`,
    `X${good.slice(1)}`,
    good.toLowerCase(),
    layout.identifier(other, 0),
    'UNKNOWN',
  ]
}
