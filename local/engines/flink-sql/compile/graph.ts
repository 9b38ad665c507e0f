/** Tables and views of a script to operators that push rows to each other. Each is made once, however many queries read it. */
import type { CreateTable, CreateView, Query, Statement } from '../ast.ts'
import { FlinkSqlRuntimeError, FlinkSqlSyntaxError, FlinkSqlUnsupportedError } from '../errors.ts'
import { Output } from '../runtime/output.ts'
import { WindowOperator } from '../runtime/windows.ts'
import { isTimestamp, type Row, TIMESTAMP, type Value } from '../types.ts'
import { compileCondition, compileExpression } from './expression.ts'
import { compileGroups, containsAggregate } from './group.ts'
import { type Clock, type Column, type Compiled, type Evaluate, Scope } from './scope.ts'

/** Something that a query can read. */
export interface Relation {
  columns: Column[]
  output: Output
}

export interface SourceOperator extends Relation {
  table: CreateTable
  /** Takes a row with the physical columns. */
  push(row: Row): void
}

export class Graph {
  readonly script: string
  readonly clock: Clock & { watermark: number | undefined }
  readonly tables = new Map<string, CreateTable>()
  readonly views = new Map<string, CreateView>()
  readonly windows: WindowOperator[] = []
  source: SourceOperator | undefined
  readonly #relations = new Map<string, Relation>()
  readonly #open = new Set<string>()

  constructor(script: string, statements: Statement[], now: () => number) {
    this.script = script
    this.clock = { now, watermark: undefined }
    for (const statement of statements) {
      if (statement.kind !== 'create-table' && statement.kind !== 'create-view') continue
      if (this.tables.has(statement.name) || this.views.has(statement.name))
        throw new FlinkSqlSyntaxError(
          script,
          statement.at,
          `There are two tables or views with the name '${statement.name}'.`,
        )
      if (statement.kind === 'create-table') this.tables.set(statement.name, statement)
      else this.views.set(statement.name, statement)
    }
  }

  relation(name: string, at: number): Relation {
    const known = this.#relations.get(name)
    if (known) return known
    const [table, view] = [this.tables.get(name), this.views.get(name)]
    if (!table && !view) throw new FlinkSqlSyntaxError(this.script, at, `Object '${name}' not found.`)
    if (this.#open.has(name)) throw new FlinkSqlSyntaxError(this.script, at, `The view '${name}' reads itself.`)
    this.#open.add(name)
    const relation = table ? this.#makeSource(table, at) : this.#makeView(view!)
    this.#relations.set(name, relation)
    return relation
  }

  query(query: Query): Relation {
    const { table, alias, window, at } = query.from
    const input = this.relation(table, at)
    const names = alias === undefined ? [table] : [alias]
    if (window) return this.#windowed(query, input, names)
    const aggregates =
      query.groupBy || query.having || query.items.some((item) => item.kind === 'item' && containsAggregate(item.value))
    if (aggregates)
      throw new FlinkSqlUnsupportedError(
        this.script,
        query.at,
        'An aggregation without a window is valid Flink SQL, but its result changes with every row and the sinks only take new rows. Read from TABLE(TUMBLE(…)) and GROUP BY window_start, window_end.',
      )
    return this.#projection(query, input, new Scope(this.script, input.columns, names, this.clock))
  }

  #makeView({ query, columns: names, name, at }: CreateView): Relation {
    const relation = this.query(query)
    if (!names) return relation
    if (names.length !== relation.columns.length)
      throw new FlinkSqlSyntaxError(
        this.script,
        at,
        `The view '${name}' names ${names.length} columns, and its query has ${relation.columns.length}.`,
      )
    return { output: relation.output, columns: relation.columns.map((column, i) => ({ ...column, name: names[i]! })) }
  }

  #makeSource(table: CreateTable, at: number): SourceOperator {
    if (this.source)
      throw new FlinkSqlUnsupportedError(
        this.script,
        at,
        `Reading a second source table ('${table.name}' beside '${this.source.table.name}') is valid Flink SQL, but outside the subset that runs here.`,
      )
    const columns: Column[] = []
    const computed: Evaluate[] = []
    for (const { name, type } of table.columns) if (type) columns.push({ name, type })
    const physical = columns.length
    for (const column of table.columns) {
      if (!column.computed) continue
      // Computed columns see the physical ones only (…/docs/dev/table/sql/create/#columns).
      const { type, evaluate } = compileExpression(
        column.computed,
        new Scope(this.script, columns.slice(0, physical), [table.name], this.clock),
      )
      columns.push({ name: column.name, type })
      computed.push(evaluate)
    }
    const output = new Output()
    const watermark = this.#watermarkOf(table, columns)
    const { clock } = this
    const push = (row: Row) => {
      for (const evaluate of computed) row.push(evaluate(row))
      let next: Value = null
      if (watermark) {
        if (row[watermark.index] === null)
          throw new FlinkSqlRuntimeError(
            `The rowtime column '${table.watermark!.column}' is NULL for a record, which fails the job on Flink too: COALESCE it.`,
          )
        next = watermark.evaluate(row)
      }
      // The row goes first, its watermark behind it (WatermarkAssignerOperator.processElement).
      output.emit(row)
      if (next === null || (next as number) <= (clock.watermark ?? -Infinity)) return
      clock.watermark = next as number
      output.advance(next as number)
    }
    this.source = { table, columns, output, push }
    return this.source
  }

  #watermarkOf(table: CreateTable, columns: Column[]): { index: number; evaluate: Evaluate } | undefined {
    if (!table.watermark) return undefined
    const { column, value, at } = table.watermark
    const scope = new Scope(this.script, columns, [table.name], this.clock)
    const index = scope.indexOf(column, undefined, at)
    const compiled: Compiled = compileExpression(value, scope)
    for (const { type } of [columns[index]!, compiled])
      if (!isTimestamp(type)) scope.invalid('A watermark and its column must be TIMESTAMP(3) or TIMESTAMP_LTZ(3).', at)
    columns[index] = { ...columns[index]!, isTimeAttribute: true }
    return { index, evaluate: compiled.evaluate }
  }

  #projection(query: Query, input: Relation, scope: Scope): Relation {
    const items = query.items.flatMap((item, i) => {
      if (item.kind === 'star')
        return scope.columns.map((column, index) => ({ ...column, evaluate: (row: Row): Value => row[index]! }))
      const compiled = compileExpression(item.value, scope)
      const source =
        item.value.kind === 'column'
          ? scope.columns[scope.indexOf(item.value.name, item.value.table, item.at)]
          : undefined
      return [
        {
          ...compiled,
          name: item.alias ?? source?.name ?? `EXPR$${i}`,
          isTimeAttribute: source?.isTimeAttribute ?? false,
        },
      ]
    })
    const condition = query.where && compileCondition(query.where, scope, 'WHERE')
    const evaluates = items.map((item) => item.evaluate)
    const output = new Output()
    input.output.subscribe(
      (row) => {
        if (condition && condition(row) !== true) return
        output.emit(evaluates.map((evaluate) => evaluate(row)))
      },
      (watermark) => output.advance(watermark),
    )
    return {
      output,
      columns: items.map(({ name, type, isTimeAttribute }) => ({
        name,
        type,
        isTimeAttribute: isTimeAttribute ?? false,
      })),
    }
  }

  #windowed(query: Query, input: Relation, names: string[]): Relation {
    const window = query.from.window!
    const timeIndex = new Scope(this.script, input.columns, names, this.clock).indexOf(
      window.timeColumn,
      undefined,
      window.at,
    )
    const time = input.columns[timeIndex]!
    if (!time.isTimeAttribute)
      throw new FlinkSqlSyntaxError(
        this.script,
        window.at,
        `'${window.timeColumn}' is no time attribute here: the column with the WATERMARK must reach this query as it is.`,
      )
    // What a window makes of its input: the old time attribute becomes an ordinary column, window_time the new one.
    const columns: Column[] = [
      ...input.columns.map((column) => ({ ...column, isTimeAttribute: false })),
      { name: 'window_start', type: TIMESTAMP },
      { name: 'window_end', type: TIMESTAMP },
      { name: 'window_time', type: time.type, isTimeAttribute: true },
    ]
    const scope = new Scope(this.script, columns, names, this.clock)
    this.#checkGroups(query)
    const grouping = compileGroups(query, scope)
    const condition = query.where && compileCondition(query.where, scope, 'WHERE')
    const having = grouping.having && compileCondition(grouping.having, grouping.scope, 'HAVING')
    const output = new Output()
    const keys = grouping.keys.map((key) => key.evaluate)
    const operator = new WindowOperator({
      shape: window,
      timeIndex,
      matches: condition ? (row) => condition(row) === true : () => true,
      keys: (row) => keys.map((key) => key(row)),
      aggregates: grouping.aggregates,
      emit(row) {
        if (having && having(row) !== true) return
        output.emit(grouping.items.map((item) => item.evaluate(row)))
      },
    })
    this.windows.push(operator)
    input.output.subscribe(
      (row) => operator.process(row),
      (watermark) => {
        operator.advance(watermark)
        output.advance(watermark)
      },
    )
    return {
      output,
      columns: grouping.items.map(({ name, type, isTimeAttribute }) => ({ name, type, isTimeAttribute })),
    }
  }

  #checkGroups(query: Query): void {
    const groups = (query.groupBy ?? []).flatMap((key) => (key.kind === 'column' ? [key.name] : []))
    if (groups.includes('window_start') && groups.includes('window_end')) return
    throw new FlinkSqlUnsupportedError(
      this.script,
      query.at,
      'Reading a window without GROUP BY window_start, window_end is valid Flink SQL, but outside the subset that runs here.',
    )
  }
}
