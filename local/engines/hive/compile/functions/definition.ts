/** How a function of Hive is described: how many arguments, what they become, and the result. */
import { HiveSemanticError, type Place } from '../../errors.ts'
import { type HiveType, INT, isNumber, isText, STRING, TIMESTAMP, typeName } from '../../types.ts'
import { convert } from '../casts.ts'
import type { Typed } from '../typed.ts'

export interface FunctionCall extends Place {
  readonly name: string
  readonly arguments: readonly Typed[]
}

export interface FunctionDefinition {
  readonly least: number
  readonly most: number
  build(call: FunctionCall): Typed
}

export type Functions = Readonly<Record<string, FunctionDefinition>>

/** A function of `count` arguments, or of `[least, most]`. */
export function define(
  count: number | readonly [number, number],
  build: FunctionDefinition['build'],
): FunctionDefinition {
  const [least, most] = typeof count === 'number' ? [count, count] : count
  return { least, most, build }
}

/** A function whose arguments are converted to fixed types (the last one repeats), with a fixed result. */
export function simple(
  parameters: readonly HiveType[],
  result: HiveType,
  sql: (...args: string[]) => string,
  optional = 0,
): FunctionDefinition {
  return define([parameters.length - optional, parameters.length], (call) => ({
    sql: sql(...call.arguments.map((argument, i) => convert(argument, parameters[i]!, call).sql)),
    type: result,
  }))
}

/** Argument `i` as text. */
export const asText = (call: FunctionCall, i: number): string => convert(call.arguments[i]!, STRING, call).sql

/** Argument `i` as an int. */
export const asInt = (call: FunctionCall, i: number): string => convert(call.arguments[i]!, INT, call).sql

/** Argument `i` as a date; text may hold a time behind the date. */
export const asDate = (call: FunctionCall, i: number): string => convert(call.arguments[i]!, { kind: 'date' }, call).sql

/** Argument `i` as a timestamp; text may be a date alone. */
export const asTimestamp = (call: FunctionCall, i: number): string => convert(call.arguments[i]!, TIMESTAMP, call).sql

/** The text of argument `i`, which must be known before the query runs. */
export function literal(call: FunctionCall, i: number, what: string): string {
  const value = call.arguments[i]!
  if (value.literal === undefined || !isText(value.type))
    throw new HiveSemanticError(`${call.name}: ${what} must be a string literal`, call)
  return value.literal
}

/** A numeric argument; text counts as a double. */
export function asNumber(call: FunctionCall, i: number): Typed {
  const value = call.arguments[i]!
  if (isNumber(value.type)) return value
  return convert(value, { kind: 'double' }, call)
}

export function wrongArgument(call: FunctionCall, i: number, wanted: string): HiveSemanticError {
  return new HiveSemanticError(
    `${call.name}: argument ${i + 1} must be ${wanted}, it is ${typeName(call.arguments[i]!.type)}`,
    call,
  )
}
