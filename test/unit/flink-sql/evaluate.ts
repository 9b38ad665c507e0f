/** Evaluates one expression, as the recordings were made. */

import { compileExpression } from '../../../local/engines/flink-sql/compile/expression.ts'
import type { Clock } from '../../../local/engines/flink-sql/compile/scope.ts'
import { type Column, Scope } from '../../../local/engines/flink-sql/compile/scope.ts'
import { Cursor } from '../../../local/engines/flink-sql/parser/cursor.ts'
import { parseExpression } from '../../../local/engines/flink-sql/parser/expressions.ts'
import { parseType } from '../../../local/engines/flink-sql/parser/types.ts'
import { type LogicalType, STRING, typeText, type Value } from '../../../local/engines/flink-sql/types.ts'
import { castBetween } from '../../../local/engines/flink-sql/values/cast.ts'

const clock: Clock = { now: () => 0, watermark: undefined }

export function compile(sql: string, columns: Column[] = []) {
  const cursor = new Cursor(sql)
  const expression = parseExpression(cursor)
  if (!cursor.atEnd) cursor.unexpected()
  const compiled = compileExpression(expression, new Scope(sql, columns, [], clock))
  const cast = compiled.type.name === 'NULL' ? () => null : castBetween(compiled.type, STRING, false)!
  return {
    type: typeText(compiled.type),
    text: (...row: Value[]) => cast(compiled.evaluate(row)) as string | null,
  }
}

export const typeOf = (text: string): LogicalType => parseType(new Cursor(text))

/** A value of a type, from the text that the recording was fed with. */
export const readValue = (text: string | null, type: LogicalType): Value => castBetween(STRING, type, false)!(text)
