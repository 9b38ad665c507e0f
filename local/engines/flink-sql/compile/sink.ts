/** INSERT INTO: a query's rows in the columns of a sink. */
import type { CreateTable, Insert } from '../ast.ts'
import { FlinkSqlRuntimeError, FlinkSqlSyntaxError, FlinkSqlUnsupportedError } from '../errors.ts'
import { JSON_OPTIONS, type JsonOption, jsonEncoder } from '../formats.ts'
import { isNumeric, isText, isTimestamp, type LogicalType, type Row, typeText, type Value } from '../types.ts'
import { castBetween } from '../values/cast.ts'
import type { Graph } from './graph.ts'

const INTEGERS = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT']

/** What an INSERT converts without a CAST (flink-table-common …/types/logical/utils/LogicalTypeCasts.java, implicit rules). */
function fits(from: LogicalType, to: LogicalType): boolean {
  if (from.name === 'NULL' || typeText(from) === typeText(to)) return true
  if (isText(to)) return isText(from)
  if (isTimestamp(to)) return isTimestamp(from)
  if (!isNumeric(from) || !isNumeric(to)) return from.name === to.name
  switch (to.name) {
    case 'DOUBLE':
    case 'DECIMAL':
      return true
    case 'FLOAT':
      return from.name !== 'DOUBLE'
    default:
      return INTEGERS.includes(from.name) && INTEGERS.indexOf(from.name) <= INTEGERS.indexOf(to.name)
  }
}

/** Makes the query's operators and hands each encoded row to `write`. */
export function compileInsert(graph: Graph, insert: Insert, write: (row: string) => void): CreateTable {
  const { script } = graph
  const table = graph.tables.get(insert.table)
  if (!table) throw new FlinkSqlSyntaxError(script, insert.at, `There is no table '${insert.table}' to insert into.`)
  const columns = table.columns.filter((column) => column.type !== undefined)
  const { columns: given, output } = graph.query(insert.query)
  const names = insert.columns ?? columns.map((column) => column.name)
  const types = (list: LogicalType[]) => list.map(typeText).join(', ')
  for (const name of names)
    if (!columns.some((column) => column.name === name))
      throw new FlinkSqlSyntaxError(script, insert.at, `The table '${table.name}' has no column '${name}'.`)
  if (names.length !== given.length)
    throw new FlinkSqlSyntaxError(
      script,
      insert.query.at,
      `The query gives ${given.length} columns (${types(given.map((column) => column.type))}), and '${table.name}' takes ${names.length}.`,
    )
  const writers = columns.map((column) => {
    const index = names.indexOf(column.name)
    const type = column.type!
    const source = given[index]
    if (source && !fits(source.type, type))
      throw new FlinkSqlSyntaxError(
        script,
        insert.query.items[index]?.at ?? insert.query.at,
        `Incompatible types for the sink column '${column.name}' of '${table.name}': the query gives ${typeText(source.type)}, the column is ${typeText(type)}. CAST it.`,
      )
    const cast = source && !isText(type) ? castBetween(source.type, type, false)! : (value: Value) => value
    return (row: Row): Value => {
      const value = index < 0 ? null : cast(row[index]!)
      if (value === null && column.notNull)
        throw new FlinkSqlRuntimeError(
          `The column '${column.name}' of '${table.name}' is NOT NULL, and a NULL came: the job fails here, as on Flink.`,
        )
      return value
    }
  })
  const encode = jsonEncoder(
    columns.map(({ name, type }) => ({ name, type: type! })),
    optionsOf(script, table),
  )
  output.subscribe(
    (row) => write(encode(writers.map((writer) => writer(row)))),
    () => {},
  )
  return table
}

function optionsOf(script: string, table: CreateTable): (name: JsonOption) => string {
  const { format } = table.options
  const fail = (sentence: string) =>
    new FlinkSqlUnsupportedError(script, table.at, `${sentence} is outside the subset that runs here.`)
  if (format !== 'json') throw fail(`The format '${format ?? ''}' of the sink '${table.name}' (there is 'json')`)
  for (const [name, value] of Object.entries(table.options)) {
    if (!name.startsWith('json.')) continue
    const known: readonly string[] | undefined = JSON_OPTIONS[name as JsonOption]
    if (!known) throw fail(`The option '${name}' of '${table.name}'`)
    if (!known.includes(value)) throw fail(`'${value}' as '${name}' of '${table.name}' (there is ${known.join(', ')})`)
  }
  return (name) => table.options[name] ?? JSON_OPTIONS[name][0]
}
