/** Calls: those that the compiler makes itself, and all scalar functions by their signature. */
import type { Expression } from '../ast.ts'
import { scalarFunctions } from '../functions/index.ts'
import { isText, isTimestamp, TIMESTAMP_LTZ, typeText, type Value } from '../types.ts'
import { arithmetic } from './arithmetic.ts'
import { compareText, equal } from './comparison.ts'
import { commonTypeOf, compileCondition, compileExpression, convert, widen } from './expression.ts'
import type { Compiled, Scope } from './scope.ts'

type Call = Extract<Expression, { kind: 'call' }>

const special: Record<string, (call: Call, scope: Scope) => Compiled> = {
  COALESCE: firstNotNull,
  IFNULL: firstNotNull,
  NULLIF: nullIf,
  IF: conditional,
  GREATEST: extreme,
  LEAST: extreme,
  MOD(call, scope) {
    const [left, right] = argumentsOf(call, scope, 2, 2)
    return arithmetic('%', left!, right!, scope, call.at)
  },
  CURRENT_TIMESTAMP: wallClock,
  NOW: wallClock,
  LOCALTIMESTAMP: (call, scope) => ({ ...wallClock(call, scope), type: { name: 'TIMESTAMP' } }),
  PROCTIME: wallClock,
  CURRENT_WATERMARK: currentWatermark,
}

export function compileCall(call: Call, scope: Scope): Compiled {
  const make = special[call.name]
  if (make) return make(call, scope)
  const definition = scalarFunctions[call.name]
  if (!definition) return scope.unsupported(`The function ${call.name}`, call.at)
  const [least, most] = definition.arity
  const args = argumentsOf(call, scope, least, most)
  const literals = call.args.map((arg) => (arg.kind === 'literal' ? arg.value : undefined))
  const built = definition.build(
    args.map((arg) => arg.type),
    literals,
  )
  if (typeof built === 'string') return scope.invalid(`${call.name}: ${built}`, call.at)
  if ('unsupported' in built) return scope.unsupported(built.unsupported, call.at)
  const evaluates = args.map((arg, i) => {
    const wanted = built.argumentTypes?.[i]
    return (wanted ? convert(arg, wanted, scope, call.at) : arg).evaluate
  })
  return { type: built.type, evaluate: applied(built.compute, evaluates, built.withNulls ?? false) }
}

/** The common counts of arguments without an array in between. */
function applied(
  compute: (...values: Value[]) => Value,
  args: Compiled['evaluate'][],
  withNulls: boolean,
): Compiled['evaluate'] {
  const [a, b] = args
  if (args.length === 1 && !withNulls) {
    return (row) => {
      const x = a!(row)
      return x === null ? null : compute(x)
    }
  }
  if (args.length === 2 && !withNulls) {
    return (row) => {
      const x = a!(row)
      if (x === null) return null
      const y = b!(row)
      return y === null ? null : compute(x, y)
    }
  }
  return (row) => {
    const values: Value[] = []
    for (const evaluate of args) {
      const value = evaluate(row)
      if (value === null && !withNulls) return null
      values.push(value)
    }
    return compute(...values)
  }
}

function argumentsOf(call: Call, scope: Scope, least: number, most: number): Compiled[] {
  const { args, name, at } = call
  if (args.length < least || args.length > most) {
    const wanted = least === most ? `${least}` : most > 100 ? `${least} or more` : `${least} to ${most}`
    scope.invalid(`${name} takes ${wanted} argument${wanted === '1' ? '' : 's'}, and got ${args.length}.`, at)
  }
  return args.map((arg) => compileExpression(arg, scope))
}

function firstNotNull(call: Call, scope: Scope): Compiled {
  const args = argumentsOf(call, scope, call.name === 'IFNULL' ? 2 : 1, call.name === 'IFNULL' ? 2 : 255)
  const type = commonTypeOf(args, scope, call.at, `The arguments of ${call.name}`)
  const evaluates = args.map((arg) => widen(arg, type, scope, call.at).evaluate)
  return {
    type,
    evaluate(row) {
      for (const evaluate of evaluates) {
        const value = evaluate(row)
        if (value !== null) return value
      }
      return null
    },
  }
}

function nullIf(call: Call, scope: Scope): Compiled {
  const [value, other] = argumentsOf(call, scope, 2, 2)
  const same = equal(value!, other!, scope, call.at)
  return { type: value!.type, evaluate: (row) => (same(row) === true ? null : value!.evaluate(row)) }
}

/** IF(condition, then, else): a condition that is NULL counts as false. */
function conditional(call: Call, scope: Scope): Compiled {
  const [, yes, no] = argumentsOf(call, scope, 3, 3)
  const condition = compileCondition(call.args[0]!, scope, 'IF')
  const type = commonTypeOf([yes!, no!], scope, call.at, 'The results of IF')
  const then = widen(yes!, type, scope, call.at).evaluate
  const otherwise = widen(no!, type, scope, call.at).evaluate
  return { type, evaluate: (row) => (condition(row) === true ? then(row) : otherwise(row)) }
}

/** NULL when one argument is. */
function extreme(call: Call, scope: Scope): Compiled {
  const args = argumentsOf(call, scope, 1, 255)
  const type = commonTypeOf(args, scope, call.at, `The arguments of ${call.name}`)
  const evaluates = args.map((arg) => widen(arg, type, scope, call.at).evaluate)
  const sign = call.name === 'GREATEST' ? 1 : -1
  const order = isText(type)
    ? (a: Value, b: Value) => compareText(a as string, b as string)
    : (a: Value, b: Value) => (a! < b! ? -1 : a! > b! ? 1 : 0)
  return {
    type,
    evaluate(row) {
      let best: Value = null
      for (const evaluate of evaluates) {
        const value = evaluate(row)
        if (value === null) return null
        if (best === null || order(value, best) * sign > 0) best = value
      }
      return best
    },
  }
}

/** In streaming jobs these are asked anew for every record (…/functions/systemfunctions/#temporal-functions). */
function wallClock(call: Call, scope: Scope): Compiled {
  argumentsOf(call, scope, 0, 0)
  const { clock } = scope
  return { type: TIMESTAMP_LTZ, evaluate: () => clock.now() }
}

/** The watermark before this record; NULL until there is one. The argument only says which time attribute is meant. */
function currentWatermark(call: Call, scope: Scope): Compiled {
  const [rowtime] = argumentsOf(call, scope, 1, 1)
  const [column] = call.args
  const isAttribute =
    column?.kind === 'column' && scope.columns[scope.indexOf(column.name, column.table, call.at)]?.isTimeAttribute
  if (!isTimestamp(rowtime!.type) || !isAttribute)
    scope.invalid(
      `CURRENT_WATERMARK takes the column with the watermark, and this is ${typeText(rowtime!.type)}.`,
      call.at,
    )
  const { clock } = scope
  return { type: rowtime!.type, evaluate: () => clock.watermark ?? null }
}
