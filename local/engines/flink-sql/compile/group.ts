/** Queries with GROUP BY: what stands in SELECT and HAVING is made of group keys and aggregates, and of nothing else. */
import type { AggregateExpression, Expression, Query } from '../ast.ts'
import { type Aggregate, aggregateOf, distinct } from '../runtime/aggregates.ts'
import { typeText } from '../types.ts'
import { compileExpression } from './expression.ts'
import { type Column, type Compiled, type Evaluate, Scope } from './scope.ts'

export interface Grouping {
  keys: Compiled[]
  aggregates: { fold: Aggregate; argument?: Evaluate }[]
  /** SELECT's items over the keys and results, in a row of that order. */
  items: (Compiled & { name: string; isTimeAttribute: boolean })[]
  having?: Expression
  scope: Scope
}

/** Structure without places: two expressions that read the same are the same. */
function signature(expression: Expression): string {
  return JSON.stringify(expression, (key, value) => {
    if (key === 'at' || key === 'table') return undefined
    return typeof value === 'bigint' ? `${value}n` : value
  })
}

export function containsAggregate(expression: unknown): boolean {
  if (typeof expression !== 'object' || expression === null) return false
  if ((expression as Expression).kind === 'aggregate') return true
  return Object.values(expression).some((part) =>
    Array.isArray(part) ? part.some(containsAggregate) : containsAggregate(part),
  )
}

/** @param scope the source's columns with window_start, window_end and window_time */
export function compileGroups(query: Query, scope: Scope): Grouping {
  const groups = query.groupBy!
  const keys = groups.map((key) => compileExpression(key, scope))
  const columns: Column[] = keys.map((key, i) => ({
    name: keyName(i),
    type: key.type,
    isTimeAttribute: isTime(groups[i]!, scope),
  }))
  const aggregates: Grouping['aggregates'] = []
  const bySignature = new Map<string, string>(groups.map((key, i) => [signature(key), keyName(i)]))

  /** The expression with keys and aggregates as columns of the grouped row. */
  const grouped = (expression: Expression): Expression => {
    const known = bySignature.get(signature(expression))
    if (known !== undefined) return { kind: 'column', name: known, at: expression.at }
    if (expression.kind === 'column')
      return scope.invalid(
        `Expression '${expression.name}' is not being grouped: GROUP BY it, or take an aggregate of it.`,
        expression.at,
      )
    if (expression.kind !== 'aggregate') return mapParts(expression, grouped)
    const name = `aggregate ${aggregates.length}`
    const compiled = compileAggregate(expression, scope)
    aggregates.push(compiled)
    columns.push({ name, type: compiled.fold.type })
    bySignature.set(signature(expression), name)
    return { kind: 'column', name, at: expression.at }
  }

  const rewritten = query.items.map((item) => {
    if (item.kind === 'star') return scope.invalid('SELECT * cannot stand with GROUP BY.', item.at)
    return { value: grouped(item.value), item }
  })
  const having = query.having && grouped(query.having)
  const inner = new Scope(scope.script, columns, [], scope.clock)
  const items = rewritten.map(({ value, item }, i) => ({
    ...compileExpression(value, inner),
    name: item.alias ?? (item.value.kind === 'column' ? item.value.name : `EXPR$${i}`),
    isTimeAttribute: isTime(item.value, scope),
  }))
  return { keys, aggregates, items, scope: inner, ...(having && { having }) }
}

const keyName = (index: number) => `key ${index}`

function isTime(expression: Expression, scope: Scope): boolean {
  if (expression.kind !== 'column') return false
  return scope.columns[scope.indexOf(expression.name, expression.table, expression.at)]?.isTimeAttribute ?? false
}

function compileAggregate(expression: AggregateExpression, scope: Scope): { fold: Aggregate; argument?: Evaluate } {
  const { name, argument, at } = expression
  if (argument && containsAggregate(argument)) scope.invalid('An aggregate cannot stand in another one.', at)
  const compiled = argument && compileExpression(argument, scope)
  const fold = aggregateOf(name, compiled?.type)
  if (!fold) return scope.invalid(`${name} does not take ${typeText(compiled!.type)}.`, at)
  return { fold: expression.distinct ? distinct(fold) : fold, ...(compiled && { argument: compiled.evaluate }) }
}

/** The same expression with each of its parts replaced. */
function mapParts(expression: Expression, replace: (part: Expression) => Expression): Expression {
  const parts = Object.entries(expression).map(([key, value]) => [key, mapPart(value, replace)])
  return Object.fromEntries(parts) as Expression
}

function mapPart(value: unknown, replace: (part: Expression) => Expression): unknown {
  if (Array.isArray(value)) return value.map((part) => mapPart(part, replace))
  if (typeof value !== 'object' || value === null) return value
  const part = value as Partial<Expression>
  if ('at' in part && 'kind' in part) return replace(value as Expression)
  // CASE's branches and JSON_VALUE's behaviours hold expressions, types hold none.
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapPart(inner, replace)]))
}
