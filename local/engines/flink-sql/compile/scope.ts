/** What names mean where an expression stands. */
import { FlinkSqlSyntaxError, FlinkSqlUnsupportedError, type Offset } from '../errors.ts'
import type { LogicalType, Row, Value } from '../types.ts'

export interface Column {
  name: string
  type: LogicalType
  /** The column carries the watermark, so windows may be made of it. */
  isTimeAttribute?: boolean
}

/** The clocks that expressions may ask: the wall's and the stream's. */
export interface Clock {
  now(): number
  /** Undefined before the first watermark. */
  watermark: number | undefined
}

export type Evaluate = (row: Row) => Value

export interface Compiled {
  type: LogicalType
  evaluate: Evaluate
}

export class Scope {
  readonly script: string
  readonly columns: readonly Column[]
  /** Names under which the table may be meant: its own and its alias. */
  readonly tables: readonly string[]
  readonly clock: Clock

  constructor(script: string, columns: readonly Column[], tables: readonly string[], clock: Clock) {
    this.script = script
    this.columns = columns
    this.tables = tables
    this.clock = clock
  }

  /** The column's place in the row. Names are case-sensitive in Flink. */
  indexOf(name: string, table: string | undefined, at: Offset): number {
    if (table !== undefined && !this.tables.includes(table)) this.invalid(`There is no table '${table}' here.`, at)
    const index = this.columns.findIndex((column) => column.name === name)
    if (index >= 0) return index
    const close = this.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
    const hint = close
      ? ` Did you mean '${close.name}'?`
      : ` There are: ${this.columns.map((column) => column.name).join(', ')}.`
    return this.invalid(`Column '${name}' not found.${hint}`, at)
  }

  /** Flink's validator refuses it too. */
  invalid(sentence: string, at: Offset): never {
    throw new FlinkSqlSyntaxError(this.script, at, sentence)
  }

  unsupported(what: string, at: Offset): never {
    throw new FlinkSqlUnsupportedError(
      this.script,
      at,
      `${what} is valid Flink SQL, but outside the subset that runs here.`,
    )
  }
}
