/** What the parser makes of a script. Every node knows its place, so that later errors can point at it. */
import type { Offset } from './errors.ts'
import type { LogicalType } from './types.ts'

export type Expression =
  | { kind: 'literal'; value: string | number | bigint | boolean | null; type: LogicalType; at: Offset }
  | { kind: 'column'; table?: string | undefined; name: string; at: Offset }
  | { kind: 'unary'; operator: '-' | '+' | 'NOT'; operand: Expression; at: Offset }
  | { kind: 'binary'; operator: BinaryOperator; left: Expression; right: Expression; at: Offset }
  | { kind: 'is'; test: 'NULL' | 'TRUE' | 'FALSE' | 'UNKNOWN'; negated: boolean; operand: Expression; at: Offset }
  | { kind: 'distinct'; negated: boolean; left: Expression; right: Expression; at: Offset }
  | { kind: 'is-json'; shape: JsonShape; negated: boolean; operand: Expression; at: Offset }
  | { kind: 'like'; value: Expression; pattern: Expression; escape?: string; negated: boolean; at: Offset }
  | { kind: 'in'; value: Expression; list: Expression[]; negated: boolean; at: Offset }
  | { kind: 'between'; value: Expression; low: Expression; high: Expression; negated: boolean; at: Offset }
  | { kind: 'case'; branches: { when: Expression; value: Expression }[]; otherwise?: Expression; at: Offset }
  | { kind: 'cast'; operand: Expression; type: LogicalType; lenient: boolean; at: Offset }
  | { kind: 'call'; name: string; args: Expression[]; at: Offset }
  | JsonValueExpression
  | {
      kind: 'json-exists'
      input: Expression
      path: string
      onError: 'TRUE' | 'FALSE' | 'UNKNOWN' | 'ERROR'
      at: Offset
    }
  | AggregateExpression

export type BinaryOperator = 'AND' | 'OR' | '=' | '<>' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%' | '||'

export type JsonShape = 'VALUE' | 'OBJECT' | 'ARRAY' | 'SCALAR'

/** What JSON_VALUE gives where there is no value, or no JSON. */
export type JsonBehavior = { kind: 'NULL' } | { kind: 'ERROR' } | { kind: 'DEFAULT'; value: Expression }

export interface JsonValueExpression {
  kind: 'json-value'
  input: Expression
  path: string
  returning?: LogicalType
  onEmpty: JsonBehavior
  onError: JsonBehavior
  at: Offset
}

export type AggregateName = 'COUNT' | 'SUM' | 'AVG' | 'MIN' | 'MAX'

export interface AggregateExpression {
  kind: 'aggregate'
  name: AggregateName
  distinct: boolean
  /** Missing in COUNT(*). */
  argument?: Expression
  at: Offset
}

/** TABLE(TUMBLE(…)) or TABLE(HOP(…)); a tumbling window is one whose slide is its size. */
export interface WindowFunction {
  name: 'TUMBLE' | 'HOP'
  timeColumn: string
  slideMs: number
  sizeMs: number
  at: Offset
}

export interface Query {
  items: ({ kind: 'star'; at: Offset } | { kind: 'item'; value: Expression; alias?: string; at: Offset })[]
  from: { table: string; alias?: string; window?: WindowFunction; at: Offset }
  where?: Expression
  groupBy?: Expression[]
  having?: Expression
  at: Offset
}

export interface ColumnDefinition {
  name: string
  /** Missing for computed columns. */
  type?: LogicalType
  notNull: boolean
  computed?: Expression
  at: Offset
}

export interface CreateTable {
  kind: 'create-table'
  name: string
  columns: ColumnDefinition[]
  watermark?: { column: string; value: Expression; at: Offset }
  /** The WITH clause. */
  options: Record<string, string>
  at: Offset
}

export interface CreateView {
  kind: 'create-view'
  name: string
  columns?: string[]
  query: Query
  at: Offset
}

export interface Insert {
  kind: 'insert'
  table: string
  columns?: string[]
  query: Query
  at: Offset
}

export type Statement = { kind: 'set'; key: string; value: string; at: Offset } | CreateTable | CreateView | Insert
