/** Expressions of Hive become expressions of DuckDB. */
import { HiveSemanticError, HiveUnsupported } from '../errors.ts'
import type { Expression, ExpressionOf, Query, SortKey, Window } from '../syntax/ast.ts'
import {
  BOOLEAN,
  commonType,
  DATE,
  type HiveType,
  INT,
  isInteger,
  isNumber,
  isText,
  STRING,
  TIMESTAMP,
  typeName,
} from '../types.ts'
import { convert } from './casts.ts'
import type { AggregateCall } from './functions/aggregates.ts'
import { AGGREGATES, FUNCTION_NAMES, FUNCTIONS, ROW_FUNCTIONS, WINDOWS } from './functions/index.ts'
import { textLiteral } from './functions/text.ts'
import { arithmetic, COMPARISONS, comparable, compare, concatenate } from './operators.ts'
import { javaRegex, likeMatch } from './patterns.ts'
import { fields, type Scope } from './scope.ts'
import { type Column, quote, type Typed } from './typed.ts'

/** What an expression needs to know of the query around it. */
export interface Surroundings {
  readonly scope: Scope
  readonly windows: ReadonlyMap<string, Window>
  /** The keys of GROUP BY, for grouping__id and grouping(). */
  readonly groupKeys?: readonly string[]
  compileQuery(query: Query, outer: Scope): { sql: string; columns: readonly Column[] }
}

/** @throws HiveSemanticError, HiveUnsupported at the expression's place */
export function compileExpression(expression: Expression, around: Surroundings): Typed {
  const compile = (inner: Expression): Typed => compileExpression(inner, around)
  switch (expression.kind) {
    case 'null':
      return { sql: 'NULL', type: { kind: 'void' } }
    case 'boolean':
      return { sql: String(expression.value), type: BOOLEAN, literal: String(expression.value) }
    case 'string':
      return textLiteral(expression.value)
    case 'number':
      return numberLiteral(expression.value, expression.type)
    case 'typed':
      return expression.type === 'date'
        ? { sql: `CAST(${quote(expression.value)} AS DATE)`, type: DATE }
        : { sql: `CAST(${quote(expression.value)} AS TIMESTAMP)`, type: TIMESTAMP }
    case 'interval': {
      const amount = convert(compile(expression.amount), INT, expression).sql
      const months = ['YEAR', 'MONTH'].includes(expression.unit)
      return {
        sql: `to_${expression.unit.toLowerCase()}s(${amount})`,
        type: { kind: 'interval' },
        literal: months ? 'months' : undefined,
      }
    }
    case 'column':
      return column(expression, around)
    case 'call':
      return call(expression, around)
    case 'unary':
      return unary(expression.operator, compile(expression.operand), expression)
    case 'binary':
      return binary(expression, compile)
    case 'between': {
      const [x, low, high] = comparable([expression.operand, expression.low, expression.high].map(compile), expression)
      return { sql: `(${x!.sql} ${not(expression)}BETWEEN ${low!.sql} AND ${high!.sql})`, type: BOOLEAN }
    }
    case 'in': {
      const [x, ...list] = inCommonType([expression.operand, ...expression.list].map(compile), expression)
      return { sql: `(${x} ${not(expression)}IN (${list.join(', ')}))`, type: BOOLEAN }
    }
    case 'in-query': {
      const inner = around.compileQuery(expression.query, around.scope)
      if (inner.columns.length !== 1)
        throw new HiveSemanticError(
          `A subquery in IN gives one column, this one gives ${inner.columns.length}`,
          expression,
        )
      const operand = compile(expression.operand)
      const [x] = comparable([operand, { sql: '', type: inner.columns[0]!.type }], expression)
      return { sql: `(${x!.sql} ${not(expression)}IN (${inner.sql}))`, type: BOOLEAN }
    }
    case 'exists':
      return { sql: `EXISTS (${around.compileQuery(expression.query, around.scope).sql})`, type: BOOLEAN }
    case 'subquery': {
      const inner = around.compileQuery(expression.query, around.scope)
      if (inner.columns.length !== 1)
        throw new HiveSemanticError(
          `A subquery used as a value gives one column, this one gives ${inner.columns.length}`,
          expression,
        )
      return { sql: `(${inner.sql})`, type: inner.columns[0]!.type }
    }
    case 'is':
      return {
        sql: `(${(expression.what === 'NULL' ? compile(expression.operand) : convert(compile(expression.operand), BOOLEAN, expression)).sql} IS ${not(expression)}${expression.what})`,
        type: BOOLEAN,
      }
    case 'like':
      return like(expression, compile)
    case 'case':
      return caseOf(expression, compile)
    case 'cast':
      return convert(compile(expression.operand), expression.type, expression)
    case 'index':
      return element(compile(expression.operand), compile(expression.index), expression)
    case 'field':
      return fields(compile(expression.operand), [expression.field], expression)
  }
}

const not = ({ negated }: { negated: boolean }): string => (negated ? 'NOT ' : '')

function numberLiteral(value: string, type: HiveType): Typed {
  if (type.kind === 'int' || type.kind === 'decimal') return { sql: value, type, literal: value }
  return {
    sql: type.kind === 'double' ? `CAST(${value} AS DOUBLE)` : `CAST(${value} AS ${type.kind})`,
    type,
    literal: value,
  }
}

/** Conditions of WHERE, ON, HAVING and CASE. */
export function condition(expression: Expression, around: Surroundings): string {
  return convert(compileExpression(expression, around), BOOLEAN, expression).sql
}

function column(expression: ExpressionOf<'column'>, around: Surroundings): Typed {
  if (expression.path.length === 1 && expression.path[0] === 'grouping__id' && around.groupKeys) {
    return { sql: `GROUPING_ID(${around.groupKeys.join(', ')})`, type: { kind: 'bigint' } }
  }
  return around.scope.resolve(expression.path, expression)
}

function unary(operator: ExpressionOf<'unary'>['operator'], operand: Typed, at: Expression): Typed {
  if (operator === 'NOT') return { sql: `(NOT ${convert(operand, BOOLEAN, at).sql})`, type: BOOLEAN }
  if (operator === '~') {
    if (!isInteger(operand.type)) throw new HiveSemanticError('~ needs an integer', at)
    return { sql: `(~${operand.sql})`, type: operand.type }
  }
  const value = isNumber(operand.type) ? operand : convert(operand, { kind: 'double' }, at)
  if (operator === '+') return value
  return {
    sql: `(-${value.sql})`,
    type: value.type,
    literal: value.literal === undefined ? undefined : `-${value.literal}`,
  }
}

function binary(expression: ExpressionOf<'binary'>, compile: (e: Expression) => Typed): Typed {
  const { operator } = expression
  const [left, right] = [compile(expression.left), compile(expression.right)]
  if (operator === 'AND' || operator === 'OR') {
    return {
      sql: `(${convert(left, BOOLEAN, expression).sql} ${operator} ${convert(right, BOOLEAN, expression).sql})`,
      type: BOOLEAN,
    }
  }
  if (operator in COMPARISONS) return compare(operator, left, right, expression)
  if (operator === '||') return concatenate(left, right, expression)
  return arithmetic(operator, left, right, expression)
}

/** IN compares in the common type of all its values (GenericUDFIn): `1 IN ('1')` compares text. */
function inCommonType(values: readonly Typed[], at: Expression): string[] {
  let type: HiveType = { kind: 'void' }
  for (const value of values) {
    const temporal: boolean = (type.kind === 'date' || type.kind === 'timestamp') && isText(value.type)
    const next: HiveType | undefined = temporal ? type : commonType(type, value.type)
    if (!next) throw new HiveSemanticError(`IN cannot compare ${typeName(type)} with ${typeName(value.type)}`, at)
    type = next
  }
  return values.map((value) => convert(value, type, at).sql)
}

function like(expression: ExpressionOf<'like'>, compile: (e: Expression) => Typed): Typed {
  const [operand, by] = [compile(expression.operand), compile(expression.pattern)]
  const stranger = [operand, by].find(({ type }) => !isText(type) && type.kind !== 'void')
  if (expression.operator === 'RLIKE' && stranger)
    throw new HiveSemanticError(`RLIKE takes two texts, not ${typeName(stranger.type)}`, expression)
  const text = convert(operand, STRING, expression).sql
  const pattern = convert(by, STRING, expression)
  if (expression.operator === 'LIKE') return { sql: likeMatch(text, pattern, expression.negated), type: BOOLEAN }
  const regex = pattern.literal === undefined ? pattern.sql : quote(javaRegex(pattern.literal, expression.pattern))
  return { sql: `(${not(expression)}regexp_matches(${text}, ${regex}))`, type: BOOLEAN }
}

function caseOf(expression: ExpressionOf<'case'>, compile: (e: Expression) => Typed): Typed {
  const operand = expression.operand && compile(expression.operand)
  const results = [
    ...expression.branches.map((b) => compile(b.result)),
    ...(expression.otherwise ? [compile(expression.otherwise)] : []),
  ]
  let type: HiveType = { kind: 'void' }
  for (const result of results) {
    const next = commonType(type, result.type)
    if (!next)
      throw new HiveSemanticError(
        `The branches of CASE have no common type: ${typeName(type)} and ${typeName(result.type)}`,
        expression,
      )
    type = next
  }
  const then = results.map((result) => convert(result, type, expression).sql)
  const when = expression.branches.map((branch) => {
    const test = compile(branch.when)
    return operand ? compare('=', operand, test, branch.when).sql : convert(test, BOOLEAN, branch.when).sql
  })
  const branches = when.map((test, i) => `WHEN ${test} THEN ${then[i]}`).join(' ')
  const otherwise = expression.otherwise ? ` ELSE ${then.at(-1)}` : ''
  return { sql: `(CASE ${branches}${otherwise} END)`, type }
}

/** `a[i]`, counted from 0, or the value of a key. */
function element(operand: Typed, index: Typed, at: Expression): Typed {
  if (operand.type.kind === 'map')
    return { sql: `${operand.sql}[${convert(index, operand.type.key, at).sql}]`, type: operand.type.value }
  if (operand.type.kind !== 'array')
    throw new HiveSemanticError(`[] needs an array or a map, not ${typeName(operand.type)}`, at)
  if (!isInteger(index.type))
    throw new HiveSemanticError(`The index of an array is an integer, not ${typeName(index.type)}`, at)
  const { element: type } = operand.type
  const known = index.literal === undefined ? Number.NaN : Number(index.literal)
  return { sql: known >= 0 ? `${operand.sql}[${known + 1}]` : `hive_at(${operand.sql}, ${index.sql})`, type }
}

function call(expression: ExpressionOf<'call'>, around: Surroundings): Typed {
  const { name } = expression
  if (name === 'grouping' && around.groupKeys) {
    return {
      sql: `CAST(GROUPING(${expression.arguments.map((a) => compileExpression(a, around).sql).join(', ')}) AS INTEGER)`,
      type: INT,
    }
  }
  const values = expression.arguments.map((argument) => compileExpression(argument, around))
  const definition = FUNCTIONS[name] ?? AGGREGATES[name] ?? WINDOWS[name]
  if (ROW_FUNCTIONS.has(name))
    throw new HiveSemanticError(`${name} makes rows: use it in LATERAL VIEW, or alone in the select list`, expression)
  if (!definition) throw new HiveSemanticError(`Invalid function '${name}'${similar(name)}`, expression)
  if (!expression.star && (values.length < definition.least || values.length > definition.most)) {
    const wanted = definition.least === definition.most ? definition.least : `${definition.least} to ${definition.most}`
    throw new HiveSemanticError(`${name} takes ${wanted} arguments, here are ${values.length}`, expression)
  }
  const place = { line: expression.line, column: expression.column }
  const aggregate = AGGREGATES[name]
  const over = expression.over ? ` OVER (${windowOf(expression.over, around, expression)})` : ''
  if (aggregate)
    return aggregate.build({
      name,
      arguments: values,
      distinct: expression.distinct,
      star: expression.star,
      over,
      ...place,
    } satisfies AggregateCall)
  if (expression.star || expression.distinct)
    throw new HiveSemanticError(`${name} is no aggregate: it takes no * and no DISTINCT`, expression)
  if (WINDOWS[name]) {
    if (!over) throw new HiveSemanticError(`${name} needs OVER (…)`, expression)
    const built = WINDOWS[name].build({ name, arguments: values, ...place })
    return { ...built, sql: `${built.sql}${over}` }
  }
  if (over) throw new HiveSemanticError(`${name} is no aggregate: it takes no OVER`, expression)
  return FUNCTIONS[name]!.build({ name, arguments: values, ...place })
}

const similar = (name: string): string => {
  const near = FUNCTION_NAMES.filter((known) => known.startsWith(name.slice(0, 4)) || known.endsWith(name.slice(-5)))
  return near.length ? `; there are: ${near.slice(0, 5).join(', ')}` : ''
}

function windowOf(window: Window, around: Surroundings, at: Expression): string {
  const named = window.name === undefined ? undefined : around.windows.get(window.name)
  if (window.name !== undefined && !named) throw new HiveSemanticError(`There is no window '${window.name}'`, at)
  if (named?.name) throw new HiveUnsupported('A window that extends a window that extends another is not supported', at)
  const partitionBy = [...(named?.partitionBy ?? []), ...window.partitionBy]
  const orderBy = window.orderBy.length ? window.orderBy : (named?.orderBy ?? [])
  const frame = window.frame ?? named?.frame
  return [
    partitionBy.length ? `PARTITION BY ${partitionBy.map((key) => compileExpression(key, around).sql).join(', ')}` : '',
    orderBy.length
      ? `ORDER BY ${orderBy.map((key) => sortSql(compileExpression(key.expression, around).sql, key)).join(', ')}`
      : '',
    frame ?? '',
  ]
    .filter(Boolean)
    .join(' ')
}

export const sortSql = (sql: string, key: Pick<SortKey, 'descending' | 'nullsFirst'>): string =>
  `${sql} ${key.descending ? 'DESC' : 'ASC'} NULLS ${key.nullsFirst ? 'FIRST' : 'LAST'}`
