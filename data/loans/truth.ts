/** What the pipeline must find in an archive, counted from canonical values before a layout writes them. */
import { type Column, UNKNOWN_PROCEEDS } from './columns.ts'
import { REASONS, type Reason } from './dirt.ts'
import { firstDay } from './quarter.ts'

/**
 * A column of the processed rows. Dates and texts have `min` and `max` (`1999-03-01`; texts in byte order of UTF-8), numbers a `sum` too;
 * all are null when every row's value is. Amounts and rates are decimal texts (`"126000.00"`, `"6.875"`). `net_sales_proceeds` is a text column: its
 * `sum` is over the rows that hold a number.
 */
export interface ColumnTruth {
  nulls: number
  min?: string | number | null
  max?: string | number | null
  sum?: string | number | null
}

export interface TableTruth {
  raw: number
  rejected: number
  /** raw − rejected */
  processed: number
  rejects: Record<Reason, number>
  columns: Record<string, ColumnTruth>
}

/** The texts of identifiers, as the layout writes them. */
export interface Identifiers {
  identifier(index: number): string
  earlierIdentifier(value: number): string
}

// Sums of cents are exact in a double up to 2^53; far before that they move to a BigInt.
const ROWS_BETWEEN_SUMS = 1 << 16

/** Counts one table's rows as they are written. */
export class Tally {
  readonly #columns: readonly Column[]
  readonly #nulls: Float64Array
  readonly #sums: Float64Array
  readonly #bigSums: bigint[]
  readonly #min: Float64Array
  readonly #max: Float64Array
  /** Rows by code, for columns of texts. */
  readonly #codes: (Float64Array | undefined)[]
  readonly #rejects = new Map<Reason, number>()
  #raw = 0
  #rejected = 0
  #processed = 0

  constructor(columns: readonly Column[]) {
    this.#columns = columns
    this.#nulls = new Float64Array(columns.length)
    this.#sums = new Float64Array(columns.length)
    this.#bigSums = columns.map(() => 0n)
    this.#min = new Float64Array(columns.length).fill(Number.POSITIVE_INFINITY)
    this.#max = new Float64Array(columns.length).fill(Number.NEGATIVE_INFINITY)
    this.#codes = columns.map(({ values }) => values && new Float64Array(values.length))
  }

  /** A record that the pipeline keeps. */
  add(row: Float64Array): void {
    this.#raw++
    this.#processed++
    const columns = this.#columns.length
    for (let i = 0; i < columns; i++) {
      const value = row[i]!
      if (Number.isNaN(value)) {
        this.#nulls[i]!++
        continue
      }
      const codes = this.#codes[i]
      if (codes) codes[value]!++
      else if (value !== UNKNOWN_PROCEEDS) {
        this.#sums[i]! += value
        if (value < this.#min[i]!) this.#min[i] = value
        if (value > this.#max[i]!) this.#max[i] = value
      }
    }
    if (this.#processed % ROWS_BETWEEN_SUMS === 0) this.#carry()
  }

  /** Records that the pipeline rejects. */
  reject(reason: Reason, records = 1): void {
    this.#raw += records
    this.#rejected += records
    this.#rejects.set(reason, (this.#rejects.get(reason) ?? 0) + records)
  }

  truth(identifiers: Identifiers): TableTruth {
    this.#carry()
    return {
      raw: this.#raw,
      rejected: this.#rejected,
      processed: this.#processed,
      rejects: Object.fromEntries(REASONS.map((reason) => [reason, this.#rejects.get(reason) ?? 0])) as Record<
        Reason,
        number
      >,
      columns: Object.fromEntries(
        this.#columns.map((column, i) => [column.name, this.#column(column, i, identifiers)]),
      ),
    }
  }

  #column(column: Column, i: number, identifiers: Identifiers): ColumnTruth {
    const nulls = this.#nulls[i]!
    const codes = this.#codes[i]
    if (codes) {
      const seen = column.values!.filter((_, code) => codes[code]! > 0).sort(byBytes)
      return { nulls, min: seen[0] ?? null, max: seen.at(-1) ?? null }
    }
    const none = this.#min[i] === Number.POSITIVE_INFINITY
    const range = (text: (value: number) => string | number) => ({
      nulls,
      min: none ? null : text(this.#min[i]!),
      max: none ? null : text(this.#max[i]!),
    })
    const sum = this.#bigSums[i]!
    switch (column.kind) {
      case 'identifier':
        return range((index) => identifiers.identifier(index))
      case 'earlier identifier':
        return range((value) => identifiers.earlierIdentifier(value))
      case 'date':
        return range(firstDay)
      case 'money':
        return { ...range((cents) => decimal(BigInt(cents), 2)), sum: none ? null : decimal(sum, 2) }
      case 'rate':
        return { ...range((thousandths) => decimal(BigInt(thousandths), 3)), sum: none ? null : decimal(sum, 3) }
      case 'proceeds':
        return { nulls, sum: none ? null : decimal(sum, 2) }
      default:
        return { ...range((value) => value), sum: none ? null : Number(sum) }
    }
  }

  #carry(): void {
    for (let i = 0; i < this.#sums.length; i++) {
      this.#bigSums[i]! += BigInt(this.#sums[i]!)
      this.#sums[i] = 0
    }
  }
}

function decimal(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
