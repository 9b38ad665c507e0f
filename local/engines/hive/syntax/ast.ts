/** What the parser makes of HiveQL. Names are in lower case, as Hive keeps them. */
import type { Place } from '../errors.ts'
import type { HiveType } from '../types.ts'

export interface TableName extends Place {
  readonly database: string | undefined
  readonly name: string
}

export type Expression = Place &
  (
    | { readonly kind: 'null' }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'string'; readonly value: string }
    /** Digits as written, without suffix. */
    | { readonly kind: 'number'; readonly value: string; readonly type: HiveType }
    | { readonly kind: 'typed'; readonly type: 'date' | 'timestamp'; readonly value: string }
    | { readonly kind: 'interval'; readonly amount: Expression; readonly unit: IntervalUnit }
    /** `a`, or `t.a`, or `t.struct.field`: which one is known when the tables are. */
    | { readonly kind: 'column'; readonly path: readonly string[] }
    | {
        readonly kind: 'call'
        readonly name: string
        readonly arguments: readonly Expression[]
        readonly distinct: boolean
        readonly star: boolean
        readonly over?: Window | undefined
      }
    | { readonly kind: 'unary'; readonly operator: 'NOT' | '-' | '+' | '~'; readonly operand: Expression }
    | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
    | {
        readonly kind: 'between'
        readonly negated: boolean
        readonly operand: Expression
        readonly low: Expression
        readonly high: Expression
      }
    | {
        readonly kind: 'in'
        readonly negated: boolean
        readonly operand: Expression
        readonly list: readonly Expression[]
      }
    | { readonly kind: 'in-query'; readonly negated: boolean; readonly operand: Expression; readonly query: Query }
    | { readonly kind: 'exists'; readonly query: Query }
    | { readonly kind: 'subquery'; readonly query: Query }
    | {
        readonly kind: 'is'
        readonly negated: boolean
        readonly operand: Expression
        readonly what: 'NULL' | 'TRUE' | 'FALSE'
      }
    | {
        readonly kind: 'like'
        readonly negated: boolean
        readonly operator: 'LIKE' | 'RLIKE'
        readonly operand: Expression
        readonly pattern: Expression
      }
    | {
        readonly kind: 'case'
        readonly operand: Expression | undefined
        readonly branches: readonly { readonly when: Expression; readonly result: Expression }[]
        readonly otherwise: Expression | undefined
      }
    | { readonly kind: 'cast'; readonly operand: Expression; readonly type: HiveType }
    | { readonly kind: 'index'; readonly operand: Expression; readonly index: Expression }
    | { readonly kind: 'field'; readonly operand: Expression; readonly field: string }
  )

export type ExpressionOf<K extends Expression['kind']> = Extract<Expression, { kind: K }>

export type IntervalUnit = 'YEAR' | 'MONTH' | 'DAY' | 'HOUR' | 'MINUTE' | 'SECOND'

export interface SortKey {
  readonly expression: Expression
  readonly descending: boolean
  readonly nullsFirst: boolean
}

export interface Window {
  readonly name?: string | undefined
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly SortKey[]
  /** Already in the words that both Hive and DuckDB know. */
  readonly frame: string | undefined
}

export type SelectItem = Place &
  (
    | { readonly kind: 'star'; readonly table: string | undefined }
    | {
        readonly kind: 'expression'
        readonly expression: Expression
        readonly alias: string | undefined
        readonly aliases?: readonly string[] | undefined
      }
  )

export type JoinType = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS' | 'SEMI'

export type Source = Place &
  (
    | { readonly kind: 'table'; readonly table: TableName; readonly alias: string | undefined }
    | { readonly kind: 'query'; readonly query: Query; readonly alias: string }
    | {
        readonly kind: 'join'
        readonly type: JoinType
        readonly left: Source
        readonly right: Source
        readonly on: Expression | undefined
        readonly using: readonly string[]
      }
    | {
        readonly kind: 'lateral'
        readonly input: Source
        readonly outer: boolean
        readonly call: ExpressionOf<'call'>
        readonly alias: string
        readonly columns: readonly string[]
      }
  )

export interface Grouping {
  readonly keys: readonly Expression[]
  /** Index lists into `keys`, for GROUPING SETS, ROLLUP and CUBE. */
  readonly sets: readonly (readonly number[])[] | undefined
}

export interface Select extends Place {
  readonly kind: 'select'
  readonly distinct: boolean
  readonly items: readonly SelectItem[]
  readonly from: Source | undefined
  readonly where: Expression | undefined
  readonly groupBy: Grouping | undefined
  readonly having: Expression | undefined
  readonly windows: ReadonlyMap<string, Window>
}

export interface SetOperation extends Place {
  readonly kind: 'set'
  readonly operator: 'UNION ALL' | 'UNION' | 'INTERSECT' | 'EXCEPT' | 'INTERSECT ALL' | 'EXCEPT ALL'
  readonly left: Query
  readonly right: Query
}

export interface Query extends Place {
  readonly with: readonly { readonly name: string; readonly query: Query }[]
  readonly body: Select | SetOperation
  readonly orderBy: readonly SortKey[]
  readonly distributeBy: readonly Expression[]
  /** SORT BY, or the keys of CLUSTER BY. */
  readonly sortBy: readonly SortKey[]
  readonly limit: number | undefined
  readonly offset: number | undefined
}

export interface ColumnDefinition extends Place {
  readonly name: string
  readonly type: HiveType
  readonly comment: string | undefined
}

/** How rows lie in files, as a table or INSERT OVERWRITE DIRECTORY states it. */
export interface RowFormat {
  readonly fields?: string | undefined
  readonly escaped?: string | undefined
  readonly collectionItems?: string | undefined
  readonly mapKeys?: string | undefined
  readonly nullAs?: string | undefined
  readonly serde?: string | undefined
  readonly serdeProperties?: Readonly<Record<string, string>> | undefined
}

export type PartitionSpec = readonly { readonly column: string; readonly value: Expression | undefined }[]

export interface InsertTarget extends Place {
  readonly overwrite: boolean
  readonly table?: TableName
  readonly partition: PartitionSpec
  readonly columns: readonly string[]
  readonly ifNotExists: boolean
  readonly directory?: string
  readonly local?: boolean
  readonly rowFormat: RowFormat
  readonly storedAs: string | undefined
}

export interface CreateTable extends Place {
  readonly kind: 'create-table'
  readonly table: TableName
  readonly external: boolean
  readonly temporary: boolean
  readonly ifNotExists: boolean
  readonly columns: readonly ColumnDefinition[]
  readonly partitionedBy: readonly ColumnDefinition[]
  readonly rowFormat: RowFormat
  readonly storedAs: string | undefined
  readonly location: string | undefined
  readonly properties: Readonly<Record<string, string>>
  readonly like: TableName | undefined
  readonly query: Query | undefined
  readonly comment: string | undefined
}

export type Statement = Place &
  (
    | { readonly kind: 'query'; readonly query: Query }
    /** `from` is the shared source of a multi-insert; each branch selects from it. */
    | { readonly kind: 'insert'; readonly target: InsertTarget; readonly query: Query }
    | {
        readonly kind: 'multi-insert'
        readonly with: Query['with']
        readonly from: Source
        readonly branches: readonly { readonly target: InsertTarget; readonly query: Query }[]
      }
    | {
        readonly kind: 'insert-values'
        readonly target: InsertTarget
        readonly rows: readonly (readonly Expression[])[]
      }
    | CreateTable
    | {
        readonly kind: 'create-view'
        readonly table: TableName
        readonly ifNotExists: boolean
        readonly replace: boolean
        readonly columns: readonly string[]
        readonly query: Query
      }
    | {
        readonly kind: 'create-database'
        readonly name: string
        readonly ifNotExists: boolean
        readonly location: string | undefined
      }
    | { readonly kind: 'use'; readonly name: string }
    | { readonly kind: 'drop-table'; readonly table: TableName; readonly ifExists: boolean; readonly view: boolean }
    | { readonly kind: 'drop-database'; readonly name: string; readonly ifExists: boolean; readonly cascade: boolean }
    | { readonly kind: 'truncate'; readonly table: TableName; readonly partition: PartitionSpec }
    | { readonly kind: 'msck'; readonly table: TableName; readonly drop: boolean; readonly add: boolean }
    | {
        readonly kind: 'add-partitions'
        readonly table: TableName
        readonly ifNotExists: boolean
        readonly partitions: readonly { readonly spec: PartitionSpec; readonly location: string | undefined }[]
      }
    | {
        readonly kind: 'drop-partitions'
        readonly table: TableName
        readonly ifExists: boolean
        readonly specs: readonly PartitionSpec[]
      }
    | { readonly kind: 'rename-table'; readonly table: TableName; readonly to: TableName }
    | {
        readonly kind: 'set-properties'
        readonly table: TableName
        readonly properties: Readonly<Record<string, string>>
      }
    | { readonly kind: 'analyze'; readonly table: TableName }
    | {
        readonly kind: 'load'
        readonly path: string
        readonly overwrite: boolean
        readonly table: TableName
        readonly partition: PartitionSpec
      }
    | { readonly kind: 'show'; readonly what: 'TABLES' | 'DATABASES' | 'VIEWS'; readonly pattern: string | undefined }
    | { readonly kind: 'show-partitions'; readonly table: TableName }
    | { readonly kind: 'describe'; readonly table: TableName }
  )

export type StatementOf<K extends Statement['kind']> = Extract<Statement, { kind: K }>
