/** Expressions to closures: types are settled once, rows are only computed with. */
import type { BinaryOperator, Expression } from '../ast.ts'
import { BOOLEAN, commonType, isText, type LogicalType, STRING, typeText, type Value } from '../types.ts'
import { castBetween } from '../values/cast.ts'
import { parseJson } from '../values/json.ts'
import { likePattern } from '../values/like.ts'
import { arithmetic, negate } from './arithmetic.ts'
import { compileCall } from './call.ts'
import { compare, equal } from './comparison.ts'
import { compileJsonExists, compileJsonValue } from './json.ts'
import type { Compiled, Evaluate, Scope } from './scope.ts'

export function compileExpression(expression: Expression, scope: Scope): Compiled {
  switch (expression.kind) {
    case 'literal': {
      const { value, type } = expression
      return { type, evaluate: () => value }
    }
    case 'column': {
      const index = scope.indexOf(expression.name, expression.table, expression.at)
      return { type: scope.columns[index]!.type, evaluate: (row) => row[index]! }
    }
    case 'unary':
      return compileUnary(expression, scope)
    case 'binary':
      return compileBinary(expression, scope)
    case 'is':
      return compileIs(expression, scope)
    case 'distinct':
      return compileDistinct(expression, scope)
    case 'is-json':
      return compileIsJson(expression, scope)
    case 'like':
      return compileLike(expression, scope)
    case 'in':
      return compileIn(expression, scope)
    case 'between':
      return compileBetween(expression, scope)
    case 'case':
      return compileCase(expression, scope)
    case 'cast':
      return convert(
        compileExpression(expression.operand, scope),
        expression.type,
        scope,
        expression.at,
        expression.lenient,
      )
    case 'call':
      return compileCall(expression, scope)
    case 'json-value':
      return compileJsonValue(expression, scope)
    case 'json-exists':
      return compileJsonExists(expression, scope)
    case 'aggregate':
      return scope.invalid(
        `${expression.name} can only stand in SELECT or HAVING of a query with windows.`,
        expression.at,
      )
  }
}

type Of<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>

/** The value as another type, by CAST's rules; values of that type pass untouched. */
export function convert(from: Compiled, type: LogicalType, scope: Scope, at: number, lenient = false): Compiled {
  if (typeText(from.type) === typeText(type)) return { type, evaluate: from.evaluate }
  const cast = castBetween(from.type, type, lenient)
  if (!cast) return scope.invalid(`${typeText(from.type)} cannot be cast to ${typeText(type)}.`, at)
  const { evaluate } = from
  return { type, evaluate: (row) => cast(evaluate(row)) }
}

/** Types that differ only in their length hold the same values. */
export function widen(from: Compiled, type: LogicalType, scope: Scope, at: number): Compiled {
  return isText(from.type) && isText(type) ? { type, evaluate: from.evaluate } : convert(from, type, scope, at)
}

export function compileCondition(expression: Expression, scope: Scope, where: string): Evaluate {
  const { type, evaluate } = compileExpression(expression, scope)
  if (type.name !== 'BOOLEAN' && type.name !== 'NULL')
    scope.invalid(`${where} needs a BOOLEAN, and this is ${typeText(type)}.`, expression.at)
  return evaluate
}

function compileUnary({ operator, operand, at }: Of<'unary'>, scope: Scope): Compiled {
  if (operator !== 'NOT') return negate(compileExpression(operand, scope), operator, scope, at)
  const opposite = negated(operand)
  if (opposite) return compileExpression(opposite, scope)
  const evaluate = compileCondition(operand, scope, 'NOT')
  return {
    type: BOOLEAN,
    evaluate(row) {
      const value = evaluate(row)
      return value === null ? null : !value
    },
  }
}

const OPPOSITE: Partial<Record<BinaryOperator, BinaryOperator>> = {
  '=': '<>',
  '<>': '=',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
  AND: 'OR',
  OR: 'AND',
}

/**
 * NOT goes inside, as Calcite's RexSimplify does it: NOT (a > b) is a <= b. Only NaN can tell, of which neither is true.
 */
function negated(operand: Expression): Expression | undefined {
  if (operand.kind !== 'binary') return undefined
  const { left, right, at } = operand
  const operator = OPPOSITE[operand.operator]
  if (!operator) return undefined
  if (operator !== 'AND' && operator !== 'OR') return { ...operand, operator }
  const not = (side: Expression): Expression => ({ kind: 'unary', operator: 'NOT', operand: side, at })
  return { ...operand, operator, left: not(left), right: not(right) }
}

function compileBinary(expression: Of<'binary'>, scope: Scope): Compiled {
  const { operator, at } = expression
  if (operator === 'AND' || operator === 'OR') return compileLogic(expression, scope)
  const left = compileExpression(expression.left, scope)
  const right = compileExpression(expression.right, scope)
  switch (operator) {
    case '||':
      for (const { type } of [left, right])
        if (!isText(type) && type.name !== 'NULL')
          scope.invalid(`|| joins text, and this is ${typeText(type)}: CAST it AS STRING.`, at)
      return { type: STRING, evaluate: strict(left, right, (a, b) => (a as string) + (b as string)) }
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(operator, left, right, scope, at)
    default:
      return compare(operator, left, right, scope, at)
  }
}

/** NULL when one side is. */
export function strict(
  left: Compiled,
  right: Compiled,
  compute: (a: NonNullable<Value>, b: NonNullable<Value>) => Value,
): Evaluate {
  const [a, b] = [left.evaluate, right.evaluate]
  return (row) => {
    const x = a(row)
    if (x === null) return null
    const y = b(row)
    return y === null ? null : compute(x, y)
  }
}

/** Three-valued: FALSE AND NULL is FALSE, TRUE OR NULL is TRUE, all else with NULL is NULL. */
function compileLogic({ operator, left, right }: Of<'binary'>, scope: Scope): Compiled {
  const decisive = operator === 'OR'
  const a = compileCondition(left, scope, operator)
  const b = compileCondition(right, scope, operator)
  return {
    type: BOOLEAN,
    evaluate(row) {
      const x = a(row)
      if (x === decisive) return decisive
      const y = b(row)
      if (y === decisive) return decisive
      return x === null || y === null ? null : !decisive
    },
  }
}

function compileIs({ test, negated, operand, at }: Of<'is'>, scope: Scope): Compiled {
  const { type, evaluate } = compileExpression(operand, scope)
  if (test !== 'NULL' && type.name !== 'BOOLEAN' && type.name !== 'NULL')
    scope.invalid(`IS ${test} asks for a BOOLEAN, and this is ${typeText(type)}.`, at)
  const wanted = test === 'TRUE' ? true : test === 'FALSE' ? false : null
  return { type: BOOLEAN, evaluate: (row) => (evaluate(row) === wanted) !== negated }
}

/** IS DISTINCT FROM: like <>, with NULL as a value of its own. */
function compileDistinct({ negated, left, right, at }: Of<'distinct'>, scope: Scope): Compiled {
  const a = compileExpression(left, scope)
  const b = compileExpression(right, scope)
  const same = equal(a, b, scope, at)
  return {
    type: BOOLEAN,
    evaluate(row) {
      const bothNull = () => a.evaluate(row) === null && b.evaluate(row) === null
      return (same(row) ?? bothNull()) === negated
    },
  }
}

/** NULL is no JSON; what Jackson reads as a value is, whatever stands behind it. */
function compileIsJson({ operand, shape, negated, at }: Of<'is-json'>, scope: Scope): Compiled {
  const { type, evaluate } = compileExpression(operand, scope)
  if (!isText(type) && type.name !== 'NULL') scope.invalid(`IS JSON asks for text, and this is ${typeText(type)}.`, at)
  const fits = (value: unknown) => {
    if (value === undefined) return false
    if (shape === 'VALUE') return true
    const kind = Array.isArray(value) ? 'ARRAY' : typeof value === 'object' && value !== null ? 'OBJECT' : 'SCALAR'
    return kind === shape
  }
  return {
    type: BOOLEAN,
    evaluate(row) {
      const text = evaluate(row)
      return (text !== null && fits(parseJson(text as string).value)) !== negated
    },
  }
}

function compileLike({ value, pattern, escape: escapeCharacter, negated, at }: Of<'like'>, scope: Scope): Compiled {
  const text = compileExpression(value, scope)
  if (!isText(text.type) && text.type.name !== 'NULL')
    scope.invalid(`LIKE asks for text, and this is ${typeText(text.type)}.`, at)
  const { type } = compileExpression(pattern, scope)
  if (type.name === 'NULL') return { type: BOOLEAN, evaluate: () => null }
  if (pattern.kind !== 'literal' || typeof pattern.value !== 'string')
    return scope.unsupported('LIKE with a pattern that is no literal', at)
  const form = likePattern(pattern.value, escapeCharacter)
  if (!form)
    return scope.invalid(`'${pattern.value}' has the escape character before something else than %, _ or itself.`, at)
  const { evaluate } = text
  return {
    type: BOOLEAN,
    evaluate(row) {
      const found = evaluate(row)
      return found === null ? null : form(found as string) !== negated
    },
  }
}

/** NULL when nothing equals and something is NULL. */
function compileIn({ value, list, negated, at }: Of<'in'>, scope: Scope): Compiled {
  const subject = compileExpression(value, scope)
  const tests = list.map((item) => equal(subject, compileExpression(item, scope), scope, at))
  return {
    type: BOOLEAN,
    evaluate(row) {
      let unknown = false
      for (const test of tests) {
        const same = test(row)
        if (same === true) return !negated
        if (same === null) unknown = true
      }
      return unknown ? null : negated
    },
  }
}

function compileBetween({ value, low, high, negated, at }: Of<'between'>, scope: Scope): Compiled {
  const between: Expression = {
    kind: 'binary',
    operator: 'AND',
    left: { kind: 'binary', operator: '>=', left: value, right: low, at },
    right: { kind: 'binary', operator: '<=', left: value, right: high, at },
    at,
  }
  return compileExpression(negated ? { kind: 'unary', operator: 'NOT', operand: between, at } : between, scope)
}

function compileCase({ branches, otherwise, at }: Of<'case'>, scope: Scope): Compiled {
  const conditions = branches.map(({ when }) => compileCondition(when, scope, 'WHEN'))
  const values = branches.map(({ value }) => compileExpression(value, scope))
  const last: Compiled = otherwise
    ? compileExpression(otherwise, scope)
    : { type: { name: 'NULL' }, evaluate: () => null }
  const type = commonTypeOf([...values, last], scope, at, 'The branches of CASE')
  const results = [...values, last].map((value) => widen(value, type, scope, at).evaluate)
  const count = conditions.length
  return {
    type,
    evaluate(row) {
      for (let i = 0; i < count; i++) if (conditions[i]!(row) === true) return results[i]!(row)
      return results[count]!(row)
    },
  }
}

export function commonTypeOf(values: Compiled[], scope: Scope, at: number, what: string): LogicalType {
  let type: LogicalType = { name: 'NULL' }
  for (const value of values) {
    const wider = commonType(type, value.type)
    if (!wider) return scope.invalid(`${what} have no common type: ${typeText(type)} and ${typeText(value.type)}.`, at)
    type = wider
  }
  return type
}
