/** Functions of arrays, maps and structs, and the conditional ones. */
import { HiveSemanticError } from '../../errors.ts'
import { array, BOOLEAN, commonType, type HiveType, INT, isText, map, STRING, sameType, typeName } from '../../types.ts'
import { convert } from '../casts.ts'
import { quote, type Typed } from '../typed.ts'
import {
  define,
  type FunctionCall,
  type FunctionDefinition,
  type Functions,
  literal,
  wrongArgument,
} from './definition.ts'

/** The arguments in their common type. @throws HiveSemanticError when they have none */
export function unified(call: FunctionCall, values: readonly Typed[]): { type: HiveType; sql: string[] } {
  let type: HiveType = { kind: 'void' }
  for (const value of values) {
    const next = commonType(type, value.type)
    if (!next)
      throw new HiveSemanticError(
        `${call.name}: ${typeName(type)} and ${typeName(value.type)} have no common type`,
        call,
      )
    type = next
  }
  return { type, sql: values.map((v) => convert(v, type, call).sql) }
}

const elementOf = (call: FunctionCall, i: number): HiveType => {
  const { type } = call.arguments[i]!
  if (type.kind !== 'array') throw wrongArgument(call, i, 'an array')
  return type.element
}

const mapOf = (call: FunctionCall, i: number): Extract<HiveType, { kind: 'map' }> => {
  const { type } = call.arguments[i]!
  if (type.kind !== 'map') throw wrongArgument(call, i, 'a map')
  return type
}

const coalesce: FunctionDefinition = define([1, 64], (call) => {
  const { type, sql } = unified(call, call.arguments)
  return { sql: `coalesce(${sql.join(', ')})`, type }
})

/** Hive's hash of one value (ObjectInspectorUtils.hashCode). */
function hashOf(value: Typed, call: FunctionCall): string {
  const { type, sql } = value
  if (isText(type)) return `hive_hash_string(${sql})`
  if (type.kind === 'boolean') return `coalesce(CAST(${sql} AS INTEGER), 0)`
  if (type.kind === 'tinyint' || type.kind === 'smallint' || type.kind === 'int') return `coalesce(${sql}, 0)`
  if (type.kind === 'bigint') return `hive_wrap_int(coalesce(xor(${sql}, ${sql} >> 32), 0))`
  if (type.kind === 'date') return `coalesce(CAST(epoch(${sql}) / 86400 AS INTEGER), 0)`
  throw new HiveSemanticError(`hash of ${typeName(type)} is not supported: hash its text`, call)
}

export const COLLECTIONS: Functions = {
  array: define([0, 999], (call) => {
    const { type, sql } = unified(call, call.arguments)
    return { sql: `[${sql.join(', ')}]`, type: array(type) }
  }),
  array_contains: define(2, (call) => {
    const [list, value] = [call.arguments[0]!, call.arguments[1]!]
    const element = elementOf(call, 0)
    if (value.type.kind !== 'void' && !sameType(value.type, element)) throw wrongArgument(call, 1, typeName(element))
    return { sql: `coalesce(list_contains(${list.sql}, ${convert(value, element, call).sql}), false)`, type: BOOLEAN }
  }),
  map: define([0, 998], (call) => {
    if (call.arguments.length % 2) throw new HiveSemanticError('map needs a value for every key', call)
    const keys = unified(
      call,
      call.arguments.filter((_, i) => i % 2 === 0),
    )
    const values = unified(
      call,
      call.arguments.filter((_, i) => i % 2 === 1),
    )
    return { sql: `MAP([${keys.sql.join(', ')}], [${values.sql.join(', ')}])`, type: map(keys.type, values.type) }
  }),
  map_keys: define(1, (call) => ({ sql: `map_keys(${call.arguments[0]!.sql})`, type: array(mapOf(call, 0).key) })),
  map_values: define(1, (call) => ({
    sql: `map_values(${call.arguments[0]!.sql})`,
    type: array(mapOf(call, 0).value),
  })),
  named_struct: define([2, 998], (call) => {
    if (call.arguments.length % 2) throw new HiveSemanticError('named_struct needs a value for every name', call)
    const fields = call.arguments.flatMap((value, i) =>
      i % 2 ? [{ name: literal(call, i - 1, 'a name').toLowerCase(), value }] : [],
    )
    return {
      sql: `{${fields.map((f) => `${quote(f.name)}: ${f.value.type.kind === 'void' ? 'CAST(NULL AS VARCHAR)' : f.value.sql}`).join(', ')}}`,
      type: { kind: 'struct', fields: fields.map((f) => ({ name: f.name, type: f.value.type })) },
    }
  }),
  struct: define([1, 999], (call) => ({
    sql: `{${call.arguments.map((v, i) => `'col${i + 1}': ${v.sql}`).join(', ')}}`,
    type: { kind: 'struct', fields: call.arguments.map((v, i) => ({ name: `col${i + 1}`, type: v.type })) },
  })),
  size: define(1, (call) => {
    const { sql, type } = call.arguments[0]!
    if (type.kind === 'void') return { sql: '-1', type: INT }
    if (type.kind !== 'array' && type.kind !== 'map') throw wrongArgument(call, 0, 'an array or a map')
    return { sql: `coalesce(CAST(${type.kind === 'map' ? 'cardinality' : 'len'}(${sql}) AS INTEGER), -1)`, type: INT }
  }),
  sort_array: define(1, (call) => ({
    sql: `list_sort(${call.arguments[0]!.sql}, 'ASC', 'NULLS FIRST')`,
    type: array(elementOf(call, 0)),
  })),

  // Conditional functions
  assert_true: define(1, (call) => ({
    sql: `CASE WHEN ${call.arguments[0]!.sql} THEN NULL ELSE CAST(error('ASSERT_TRUE(): assertion failed.') AS VARCHAR) END`,
    type: STRING,
  })),
  coalesce,
  nvl: { ...coalesce, least: 2, most: 2 },
  hash: define([1, 64], (call) => ({
    sql: call.arguments
      .map((value) => hashOf(value, call))
      .reduce((all, one) => `hive_wrap_int(CAST(${all} AS BIGINT) * 31 + ${one})`),
    type: INT,
  })),
  if: define(3, (call) => {
    const { type, sql } = unified(call, call.arguments.slice(1))
    return {
      sql: `CASE WHEN ${convert(call.arguments[0]!, BOOLEAN, call).sql} THEN ${sql[0]} ELSE ${sql[1]} END`,
      type,
    }
  }),
  isnull: define(1, (call) => ({ sql: `(${call.arguments[0]!.sql} IS NULL)`, type: BOOLEAN })),
  isnotnull: define(1, (call) => ({ sql: `(${call.arguments[0]!.sql} IS NOT NULL)`, type: BOOLEAN })),
  isfalse: define(1, (call) => ({ sql: `(${call.arguments[0]!.sql} IS FALSE)`, type: BOOLEAN })),
  istrue: define(1, (call) => ({ sql: `(${call.arguments[0]!.sql} IS TRUE)`, type: BOOLEAN })),
  nullif: define(2, (call) => {
    const { type, sql } = unified(call, call.arguments)
    return { sql: `nullif(${sql[0]}, ${sql[1]})`, type }
  }),
  current_database: define(0, () => ({ sql: "'default'", type: STRING })),
}
