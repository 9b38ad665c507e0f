/** Conversions between Hive's types: what CAST does, and what Hive does by itself where types differ. */
import { HiveSemanticError, type Place } from '../errors.ts'
import { duckType, type HiveType, isInteger, isNumber, isText, sameType, typeName } from '../types.ts'
import type { Typed } from './typed.ts'

/**
 * `value` as `to`. Text that is no such value is NULL.
 *
 * @throws HiveSemanticError where Hive has no conversion (a date to an integer)
 */
export function convert(value: Typed, to: HiveType, at: Place): Typed {
  return sameType(value.type, to)
    ? value
    : {
        sql: conversion(value, to, at),
        type: to,
        literal: isText(to) && isText(value.type) ? value.literal : undefined,
      }
}

function conversion(value: Typed, to: HiveType, at: Place): string {
  const { sql, type: from } = value
  if (from.kind === 'void') return `CAST(NULL AS ${duckType(to)})`
  switch (to.kind) {
    case 'string':
      return text(value, at)
    case 'varchar':
      return `substr(${text(value, at)}, 1, ${to.length})`
    case 'char':
      return `rtrim(substr(${text(value, at)}, 1, ${to.length}))`
    case 'boolean':
      if (isText(from)) return `hive_boolean(${sql})`
      if (isNumber(from)) return `(${sql} <> 0)`
      break
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return integer(value, to.kind, at)
    case 'float':
    case 'double':
      if (isText(from)) return to.kind === 'double' ? `hive_double(${sql})` : `CAST(hive_double(${sql}) AS FLOAT)`
      if (isNumber(from) || from.kind === 'boolean') return `CAST(${sql} AS ${duckType(to)})`
      if (from.kind === 'timestamp') return `epoch(${sql})`
      break
    case 'decimal':
      // A cast that fails is slow in DuckDB, and empty text is what fails most.
      if (isText(from))
        return `TRY_CAST(CASE WHEN ${sql} <> '' AND NOT contains(${sql}, '_') THEN ${sql} END AS ${duckType(to)})`
      if (isNumber(from)) return `TRY_CAST(${sql} AS ${duckType(to)})`
      if (from.kind === 'boolean') return `CAST(CAST(${sql} AS INTEGER) AS ${duckType(to)})`
      if (from.kind === 'timestamp') return `TRY_CAST(epoch(${sql}) AS ${duckType(to)})`
      break
    case 'date':
      if (isText(from)) return `hive_date(${sql})`
      if (from.kind === 'timestamp') return `CAST(${sql} AS DATE)`
      break
    case 'timestamp':
      if (isText(from)) return `hive_timestamp(${sql})`
      if (from.kind === 'date') return `CAST(${sql} AS TIMESTAMP)`
      if (isInteger(from)) return `make_timestamp(CAST(${sql} AS BIGINT) * 1000)`
      if (isNumber(from)) return `make_timestamp(CAST(${sql} * 1000000 AS BIGINT))`
      break
    case 'binary':
      if (isText(from)) return `encode(${sql})`
      break
    case 'array':
      if (from.kind === 'array')
        return `list_transform(${sql}, lambda x: ${convert({ sql: 'x', type: from.element }, to.element, at).sql})`
      break
    case 'map':
      if (from.kind === 'map') return `CAST(${sql} AS ${duckType(to)})`
      break
    case 'struct':
      if (from.kind === 'struct' && from.fields.length === to.fields.length) return `CAST(${sql} AS ${duckType(to)})`
  }
  throw new HiveSemanticError(`Cannot convert ${typeName(from)} to ${typeName(to)}`, at)
}

/** A value as CAST(… AS STRING) shows it: booleans in capitals, decimals without trailing zeros, doubles as Java writes them. */
function text({ sql, type }: Typed, at: Place): string {
  if (isText(type)) return sql
  switch (type.kind) {
    case 'boolean':
      return `CASE ${sql} WHEN true THEN 'TRUE' WHEN false THEN 'FALSE' END`
    case 'float':
    case 'double':
      return `hive_double_string(${sql})`
    case 'decimal':
      return type.scale === 0 ? `CAST(${sql} AS VARCHAR)` : `hive_decimal_string(${sql})`
    case 'binary':
      return `decode(${sql})`
    case 'array':
    case 'map':
    case 'struct':
    case 'interval':
      throw new HiveSemanticError(`Cannot convert ${typeName(type)} to string: take its parts`, at)
    default:
      return `CAST(${sql} AS VARCHAR)`
  }
}

const WIDTH: Record<string, number> = { tinyint: 1, smallint: 2, int: 4, bigint: 8 }

function integer({ sql, type: from }: Typed, to: 'tinyint' | 'smallint' | 'int' | 'bigint', at: Place): string {
  const duck = duckType({ kind: to })
  if (isText(from)) return `hive_${to}(${sql})`
  if (isInteger(from)) return WIDTH[from.kind]! <= WIDTH[to]! ? `CAST(${sql} AS ${duck})` : `hive_wrap_${to}(${sql})`
  if (from.kind === 'decimal') return `TRY_CAST(trunc(${sql}) AS ${duck})`
  if (from.kind === 'float' || from.kind === 'double') {
    if (to === 'bigint' || to === 'int') return `hive_cut_${to}(${sql})`
    return `hive_wrap_${to}(hive_cut_int(${sql}))`
  }
  if (from.kind === 'boolean') return `CAST(${sql} AS ${duck})`
  if (from.kind === 'timestamp') return `CAST(floor(epoch(${sql})) AS ${duck})`
  throw new HiveSemanticError(`Cannot convert ${typeName(from)} to ${to}`, at)
}
