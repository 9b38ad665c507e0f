/** The rules of Choice states in the JSONPath language (https://states-language.net/spec.html#choice-state). */
import { RuntimeFailure } from './errors.ts'
import { isObject, type Json } from './json.ts'
import { type JsonPath, PathNotFound, parsePath } from './json-path.ts'
import { readFromScope, type Scope } from './template.ts'
import { parseTimestamp } from './timestamp.ts'

export type RuleTest = (scope: Scope) => boolean

type Order = (left: Json, right: Json) => number | undefined

const numbers: Order = (left, right) =>
  typeof left === 'number' && typeof right === 'number' ? left - right : undefined
const strings: Order = (left, right) =>
  typeof left === 'string' && typeof right === 'string' ? (left < right ? -1 : left > right ? 1 : 0) : undefined
const booleans: Order = (left, right) =>
  typeof left === 'boolean' && typeof right === 'boolean' ? Number(left) - Number(right) : undefined
const timestamps: Order = (left, right) => {
  if (typeof left !== 'string' || typeof right !== 'string') return undefined
  const [a, b] = [parseTimestamp(left), parseTimestamp(right)]
  return a === undefined || b === undefined ? undefined : a - b
}

const orders: Record<string, Order> = { String: strings, Numeric: numbers, Boolean: booleans, Timestamp: timestamps }
const relations: Record<string, (order: number) => boolean> = {
  Equals: (order) => order === 0,
  LessThan: (order) => order < 0,
  LessThanEquals: (order) => order <= 0,
  GreaterThan: (order) => order > 0,
  GreaterThanEquals: (order) => order >= 0,
}

const kinds: Record<string, (value: Json) => boolean> = {
  IsNull: (value) => value === null,
  IsString: (value) => typeof value === 'string',
  IsNumeric: (value) => typeof value === 'number',
  IsBoolean: (value) => typeof value === 'boolean',
  IsTimestamp: (value) => typeof value === 'string' && parseTimestamp(value) !== undefined,
}

const comparison = /^(String|Numeric|Boolean|Timestamp)(Equals|(?:Less|Greater)Than(?:Equals)?)(Path)?$/

/** All names of comparison operators. */
export function isComparison(name: string): boolean {
  const match = comparison.exec(name)
  if (match) return match[1] !== 'Boolean' || match[2] === 'Equals'
  return name === 'StringMatches' || name === 'IsPresent' || name in kinds
}

/** Compiles one rule of a Choice state. */
export function compileRule(rule: Record<string, any>): RuleTest {
  if (Array.isArray(rule.And)) {
    const parts = rule.And.map(compileRule)
    return (scope) => parts.every((part) => part(scope))
  }
  if (Array.isArray(rule.Or)) {
    const parts = rule.Or.map(compileRule)
    return (scope) => parts.some((part) => part(scope))
  }
  if (isObject(rule.Not)) {
    const inner = compileRule(rule.Not)
    return (scope) => !inner(scope)
  }
  const variable = parsePath(rule.Variable)
  const name = Object.keys(rule).find(isComparison)!
  const wanted = rule[name] as Json
  if (name === 'IsPresent') return (scope) => isPresent(variable, scope) === wanted
  const kind = kinds[name]
  if (kind) return (scope) => kind(read(variable, scope)) === wanted
  if (name === 'StringMatches') {
    const pattern = wildcard(wanted as string)
    return (scope) => {
      const value = read(variable, scope)
      return typeof value === 'string' && pattern(value)
    }
  }
  const [, family, relation, path] = comparison.exec(name)!
  const order = orders[family!]!
  const holds = relations[relation!]!
  const other = path ? parsePath(wanted as string) : undefined
  return (scope) => {
    const result = order(read(variable, scope), other ? read(other, scope) : wanted)
    return result !== undefined && holds(result)
  }
}

function isPresent(path: JsonPath, scope: Scope): boolean {
  try {
    const value = readFromScope(path, scope)
    return path.definite || (value as Json[]).length > 0
  } catch (error) {
    if (error instanceof PathNotFound) return false
    throw error
  }
}

/** A path with wildcards names one value when it matches one. */
function read(path: JsonPath, scope: Scope): Json {
  try {
    const value = readFromScope(path, scope)
    if (path.definite) return value
    if ((value as Json[]).length === 1) return (value as Json[])[0]!
    return value
  } catch (error) {
    if (!(error instanceof PathNotFound)) throw error
    throw new RuntimeFailure(
      `Invalid path '${path.text}': The choice state's condition path references an invalid value.`,
    )
  }
}

/**
 * `*` stands for any characters; `\*` is a star. Each text between stars is looked for where it first comes, which is as good as any later
 * place, so no text takes longer than its length times the pattern's.
 */
function wildcard(pattern: string): (text: string) => boolean {
  const parts = ['']
  for (const part of pattern.match(/\\[*\\]|[\s\S]/g) ?? []) {
    if (part === '*') parts.push('')
    else parts[parts.length - 1] += part.slice(-1)
  }
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return (text) => text === first
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const part of rest) {
      const found = text.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= text.length - last.length
  }
}
