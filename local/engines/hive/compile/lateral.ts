/** Functions that make rows: explode, posexplode, inline, stack, json_tuple. */
import { HiveSemanticError } from '../errors.ts'
import type { ExpressionOf } from '../syntax/ast.ts'
import { commonType, type HiveType, INT, STRING, typeName } from '../types.ts'
import { convert } from './casts.ts'
import { type Column, identifier, type Typed } from './typed.ts'

interface Made {
  readonly name: string
  readonly type: HiveType
  readonly sql: string
}

/**
 * The rows that one row becomes, as a lateral subquery.
 *
 * @param names the columns' names, as many as the function makes, or none for its own
 */
export function lateralRows(
  call: ExpressionOf<'call'>,
  values: readonly Typed[],
  names: readonly string[],
): { sql: string; columns: Column[] } {
  if (call.name === 'stack') return stack(call, values, names)
  const made = columnsOf(call, values)
  if (names.length && names.length !== made.length)
    throw new HiveSemanticError(`${call.name} makes ${made.length} columns, ${names.length} are named`, call)
  const columns = made.map((column, i) => ({ name: names[i] ?? column.name, type: column.type }))
  return {
    sql: `SELECT ${made.map((column, i) => `${column.sql} AS ${identifier(columns[i]!.name)}`).join(', ')}`,
    columns,
  }
}

function columnsOf(call: ExpressionOf<'call'>, values: readonly Typed[]): Made[] {
  const [first] = values
  if (!first) throw new HiveSemanticError(`${call.name} needs an argument`, call)
  const { sql, type } = first
  switch (call.name) {
    case 'explode':
      if (type.kind === 'array') return [{ name: 'col', type: type.element, sql: `unnest(${sql})` }]
      if (type.kind === 'map') {
        return [
          { name: 'key', type: type.key, sql: `unnest(map_keys(${sql}))` },
          { name: 'value', type: type.value, sql: `unnest(map_values(${sql}))` },
        ]
      }
      break
    case 'posexplode':
      if (type.kind === 'array') {
        return [
          { name: 'pos', type: INT, sql: `CAST(unnest(range(len(${sql}))) AS INTEGER)` },
          { name: 'val', type: type.element, sql: `unnest(${sql})` },
        ]
      }
      break
    case 'inline':
      if (type.kind === 'array' && type.element.kind === 'struct') {
        return type.element.fields.map((field) => ({
          name: field.name,
          type: field.type,
          sql: `struct_extract(unnest(${sql}), '${field.name}')`,
        }))
      }
      break
    case 'json_tuple':
      return values.slice(1).map((key, i) => {
        if (key.literal === undefined) throw new HiveSemanticError('json_tuple takes its keys as string literals', call)
        return {
          name: `c${i}`,
          type: STRING,
          sql: `CASE WHEN json_valid(${sql}) THEN json_extract_string(${sql}, '$."${key.literal.replaceAll("'", "''")}"') END`,
        }
      })
  }
  throw new HiveSemanticError(`${call.name} cannot make rows of ${typeName(type)}`, call)
}

/** stack(n, v1, …, vk): n rows of k/n columns. */
function stack(
  call: ExpressionOf<'call'>,
  values: readonly Typed[],
  names: readonly string[],
): { sql: string; columns: Column[] } {
  const rows = Number(values[0]?.literal)
  const cells = values.slice(1)
  if (!(rows > 0) || cells.length % rows)
    throw new HiveSemanticError('stack takes a literal number of rows and as many values for each', call)
  const width = cells.length / rows
  const columns = Array.from({ length: width }, (_, c): Column => {
    const type = cells
      .filter((_, i) => i % width === c)
      .reduce<HiveType | undefined>((t, cell) => t && commonType(t, cell.type), { kind: 'void' })
    if (!type) throw new HiveSemanticError(`Column ${c + 1} of stack has no common type`, call)
    return { name: names[c] ?? `col${c}`, type }
  })
  const tuple = (r: number) =>
    `SELECT ${columns.map((column, c) => `${convert(cells[r * width + c]!, column.type, call).sql} AS ${identifier(column.name)}`).join(', ')}`
  return { sql: Array.from({ length: rows }, (_, r) => tuple(r)).join(' UNION ALL '), columns }
}
