/**
 * JSON_VALUE and JSON_EXISTS (flink-table-runtime …/functions/SqlJsonUtils.java). Without a mode a path is strict: what is missing or is no
 * JSON counts as an ERROR, under `lax` as EMPTY; both give NULL unless the call says otherwise.
 */
import type { Expression, JsonBehavior, JsonValueExpression } from '../ast.ts'
import { FlinkSqlRuntimeError } from '../errors.ts'
import { BOOLEAN, isText, type LogicalType, STRING, typeText, type Value } from '../types.ts'
import { type Document, type JsonPath, numberText, parseJson, parsePath, walk } from '../values/json.ts'
import { compileExpression, convert } from './expression.ts'
import type { Compiled, Evaluate, Scope } from './scope.ts'

export function compileJsonValue(expression: JsonValueExpression, scope: Scope): Compiled {
  const { path: text, at, returning = STRING } = expression
  const input = textInput(expression.input, scope, 'JSON_VALUE', at)
  const path = pathOf(text, scope, at)
  const read = reader(returning, scope, at)
  const onEmpty = behavior(expression.onEmpty, 'EMPTY', returning, text, scope, at)
  const onError = behavior(expression.onError, 'ERROR', returning, text, scope, at)
  const missing = path.lax ? onEmpty : onError
  return {
    type: returning,
    evaluate(row) {
      const source = input(row)
      if (source === null) return null
      const document = parseJson(source as string)
      const value = document.value === undefined ? undefined : walk(document.value, path.steps)
      if (value === undefined || value === null || typeof value === 'object') return missing(row)
      const found = read(value as string | number | boolean, document, path)
      return found === undefined ? missing(row) : found
    },
  }
}

export function compileJsonExists(expression: Extract<Expression, { kind: 'json-exists' }>, scope: Scope): Compiled {
  const { path: text, onError, at } = expression
  const input = textInput(expression.input, scope, 'JSON_EXISTS', at)
  const path = pathOf(text, scope, at)
  const failing = (): Value => {
    if (onError === 'ERROR')
      throw new FlinkSqlRuntimeError(`JSON_EXISTS found nothing at '${text}', and ERROR ON ERROR fails the job.`)
    return onError === 'UNKNOWN' ? null : onError === 'TRUE'
  }
  return {
    type: BOOLEAN,
    evaluate(row) {
      const source = input(row)
      if (source === null) return null
      const { value } = parseJson(source as string)
      const found = value === undefined ? undefined : walk(value, path.steps)
      if (found !== undefined && found !== null) return true
      return path.lax ? false : failing()
    },
  }
}

function textInput(expression: Expression, scope: Scope, name: string, at: number): Evaluate {
  const { type, evaluate } = compileExpression(expression, scope)
  if (!isText(type) && type.name !== 'NULL') scope.invalid(`${name} reads text, and this is ${typeText(type)}.`, at)
  return evaluate
}

function pathOf(text: string, scope: Scope, at: number): JsonPath {
  return (
    parsePath(text) ?? scope.unsupported(`The JSON path '${text}', with more than $, .name, ['name'] and [index],`, at)
  )
}

type Read = (value: string | number | boolean, document: Document, path: JsonPath) => Value | undefined

const isWhole = (text: string | undefined) => text !== undefined && /^-?\d+$/.test(text)

/**
 * Flink 2.2 hands on what Jackson made of the value, and the job fails where that is not the very Java class of the type: INTEGER takes no
 * "1", no 1.5 and no long; DOUBLE takes 1.5, but not 1. JSON_VALUE to STRING and TRY_CAST is the way that never fails.
 */
function reader(type: LogicalType, scope: Scope, at: number): Read {
  const wrong = (value: unknown): never => {
    throw new FlinkSqlRuntimeError(
      `JSON_VALUE … RETURNING ${typeText(type)} found ${JSON.stringify(value)}, which fails the job on Flink 2.2; TRY_CAST(JSON_VALUE(…) AS ${type.name}) does not.`,
    )
  }
  if (isText(type))
    return (value, document, path) => {
      // A lone surrogate has no UTF-8: Java writes a question mark.
      if (typeof value === 'string')
        return value.isWellFormed() ? value : value.toWellFormed().replaceAll('\ufffd', '?')
      if (typeof value === 'boolean') return String(value)
      return numberText(document, path.steps, value)
    }
  switch (type.name) {
    case 'BOOLEAN':
      return (value) => (typeof value === 'boolean' ? value : wrong(value))
    case 'INT':
      return (value, document, path) =>
        typeof value === 'number' && value === (value | 0) && isWhole(numberText(document, path.steps, value))
          ? value
          : wrong(value)
    case 'DOUBLE':
      return (value, document, path) =>
        typeof value === 'number' && !isWhole(numberText(document, path.steps, value)) ? value : wrong(value)
    default:
      return scope.unsupported(`JSON_VALUE … RETURNING ${typeText(type)} (Flink 2.2 refuses it too)`, at)
  }
}

function behavior(
  given: JsonBehavior,
  event: string,
  type: LogicalType,
  path: string,
  scope: Scope,
  at: number,
): Evaluate {
  if (given.kind === 'NULL') return () => null
  if (given.kind === 'DEFAULT') return convert(compileExpression(given.value, scope), type, scope, at).evaluate
  return () => {
    throw new FlinkSqlRuntimeError(`JSON_VALUE found no value at '${path}', and ERROR ON ${event} fails the job.`)
  }
}
