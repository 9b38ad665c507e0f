/**
 * JSONata as AWS runs it: version 2.0.6, without $eval, with $partition, $range, $hash, $random(seed), $uuid and $parse
 * (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).
 */
import { randomUUID } from 'node:crypto'
import jsonata from 'jsonata'
import { EvaluationFailure } from './errors.ts'
import { hash, partition, range, seededRandom } from './intrinsics.ts'
import { copyJson, type Json, textOf, typeName } from './json.ts'
import { TimedRegExp } from './timed-regexp.ts'

/** An expression between `{%` and `%}`, compiled. */
export interface JsonataExpression {
  readonly text: string
  /** `$states.input.a.b` and the like, read without the interpreter: where it starts and the members from there. */
  readonly simple: readonly string[] | undefined
  readonly expression: jsonata.Expression
  /** Defines functions or counts: only such expressions can run on without end, or for an hour. */
  readonly guarded: boolean
}

/** What an expression sees: `$states` and the variables. */
export type Bindings = Record<string, unknown>

const compiled = new Map<string, JsonataExpression>()
const maxCached = 10_000
const maxDepth = 500
const maxMilliseconds = 5_000

/** All expressions are compiled with it: JSONata keeps one engine, that of the last. Its types ask for an instance where it takes the class. */
const options = { RegexEngine: TimedRegExp as unknown as RegExp }

/** Whether a string is a JSONata expression by ASL's rule: it begins with `{%` and ends with `%}`. */
export function isJsonata(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('{%') && value.endsWith('%}') && value.length >= 4
}

/** The text of an expression without its `{% %}`. */
export function jsonataText(value: string): string {
  return value.slice(2, -2).trim()
}

/** Compiles an expression, or takes it from the cache. @throws what jsonata throws for a syntax error: { code, message, position } */
export function compileJsonata(text: string): JsonataExpression {
  let entry = compiled.get(text)
  if (!entry) {
    const expression = jsonata(text, options)
    const guarded = /\bfunction\b|λ|~>|\?\s*[,)]|\.\./.test(text)
    extend(expression, guarded)
    const simple = /^\$[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(text) ? text.slice(1).split('.') : undefined
    entry = { text, simple, expression, guarded }
    if (compiled.size >= maxCached) compiled.clear()
    compiled.set(text, entry)
  }
  return entry
}

const shownTime = jsonata('$fromMillis(time, picture, timezone)', options)

/** `$millis()` and `$now()` by another clock than the machine's. */
export function clockBindings(now: () => number): Bindings {
  return {
    millis: () => now(),
    now: (picture?: string, timezone?: string) => shownTime.evaluate({ time: now(), picture, timezone }),
  }
}

interface Budget {
  depth: number
  calls: number
  until: number
}

const budgetName = '__budget'

function extend(expression: jsonata.Expression, guarded: boolean): void {
  const define = expression.registerFunction.bind(expression)
  expression.assign('eval', undefined)
  define('partition', (items: Json | undefined, size: number) =>
    items === undefined ? undefined : partition(Array.isArray(items) ? items : [items], wholeSize(size)),
  )
  define('range', (start: number, end: number, step: number) => {
    if (step === 0) throw new Error('$range takes an increment other than 0.')
    if ((end - start) / step >= 1000) throw new Error('$range makes at most 1000 elements.')
    return range(start, end, step)
  })
  define('hash', (data: Json | undefined, algorithm = 'SHA-256') => {
    if (data === undefined) return undefined
    const result = hash(typeof data === 'string' ? data : textOf(data), algorithm)
    if (result === undefined) throw new Error(`$hash knows no algorithm ${algorithm}.`)
    return result
  })
  define('random', (seed?: number) => (seed === undefined ? Math.random() : seededRandom(seed)()))
  define('uuid', () => randomUUID())
  define('parse', (text: string | undefined) => (text === undefined ? undefined : JSON.parse(text)))
  if (!guarded) return
  const assign = expression.assign.bind(expression) as unknown as (name: symbol, value: unknown) => void
  const budgetOf = (environment: { lookup(name: string): Budget | undefined }) => environment.lookup(budgetName)
  assign(Symbol.for('jsonata.__evaluate_entry'), (_expr: unknown, _input: unknown, environment: any) => {
    const budget = budgetOf(environment)
    if (!budget) return
    if (++budget.depth > maxDepth) throw new Error('The expression calls itself too deeply.')
    if ((++budget.calls & 255) === 0 && Date.now() > budget.until) throw new Error('The expression takes too long.')
  })
  assign(Symbol.for('jsonata.__evaluate_exit'), (_expr: unknown, _input: unknown, environment: any) => {
    const budget = budgetOf(environment)
    if (budget) budget.depth--
  })
}

function wholeSize(size: number): number {
  if (!(size >= 1)) throw new Error('$partition takes a chunk size of one or more.')
  return Math.floor(size)
}

const notSimple = Symbol()

/** A path of plain members through plain objects; anything else is the interpreter's. */
function readSimple(names: readonly string[], bindings: Bindings): unknown {
  let value: unknown = bindings
  for (const name of names) {
    if (Array.isArray(value)) return notSimple
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
  }
  return typeof value === 'function' ? notSimple : value
}

/**
 * Evaluates an expression for a field.
 * @param field the field as AWS names it in its messages: `Arguments/Payload`
 * @throws EvaluationFailure with AWS's text when the expression fails, gives nothing, or gives what is no JSON
 */
export function evaluateJsonata(entry: JsonataExpression, field: string, bindings: Bindings): Json | Promise<Json> {
  if (entry.simple) {
    const value = readSimple(entry.simple, bindings)
    if (value !== notSimple) {
      if (value === undefined && !(entry.simple.length === 1 && !(entry.simple[0]! in bindings)))
        throw undefinedResult(entry, field)
      if (value !== undefined) return value as Json
    }
  }
  return run(entry, field, bindings)
}

async function run(entry: JsonataExpression, field: string, bindings: Bindings): Promise<Json> {
  let value: unknown
  try {
    const seen = entry.guarded
      ? { ...bindings, [budgetName]: { depth: 0, calls: 0, until: Date.now() + maxMilliseconds } satisfies Budget }
      : bindings
    value = await entry.expression.evaluate(undefined, seen)
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    throw new EvaluationFailure(
      `The JSONata expression '${entry.text}' specified for the field '${field}' threw an error during evaluation${code ? `. ${code}` : ''}: ${message}`,
      field,
    )
  }
  if (value === undefined) throw undefinedResult(entry, field)
  if (!isData(value))
    throw new EvaluationFailure(
      `The JSONata expression '${entry.text}' specified for the field '${field}' returned an unsupported result type.`,
      field,
    )
  return copyJson(value as Json)
}

function undefinedResult(entry: JsonataExpression, field: string): EvaluationFailure {
  return new EvaluationFailure(
    `The JSONata expression '${entry.text}' specified for the field '${field}' returned nothing (undefined).`,
    field,
  )
}

/** Functions and regular expressions are no data, wherever they stand. */
function isData(value: unknown): boolean {
  if (typeof value === 'function') return false
  if (typeof value !== 'object' || value === null) return typeof value !== 'number' || Number.isFinite(value)
  if (value instanceof RegExp) return false
  if (Array.isArray(value)) return value.every(isData)
  if ('_jsonata_lambda' in value || '_jsonata_function' in value) return false
  return Object.values(value).every(isData)
}

/**
 * Names that an expression reads from a context that Step Functions does not give it: the first step of a path that begins
 * neither with a variable nor with a value of its own. Lambdas keep the context of the expression around them.
 */
export function topLevelReferences(entry: JsonataExpression): string[] {
  const names = new Set<string>()
  collectReferences(entry.expression.ast(), names)
  return [...names]
}

const inner = [
  'lhs',
  'rhs',
  'expression',
  'expressions',
  'condition',
  'then',
  'else',
  'arguments',
  'procedure',
  'body',
  'update',
  'delete',
  'pattern',
]

function collectReferences(node: any, names: Set<string>): void {
  if (Array.isArray(node)) {
    for (const item of node) collectReferences(item, names)
    return
  }
  if (typeof node !== 'object' || node === null) return
  if (node.type === 'name') {
    names.add(node.value)
    return
  }
  if (node.type === 'path') {
    collectReferences(node.steps[0], names)
    return
  }
  if (node.type === 'lambda') {
    collectReferences(node.body, names)
    return
  }
  // What a transform changes, and by what, is read from the value it is applied to.
  if (node.type === 'transform') return
  for (const part of inner) collectReferences(node[part], names)
}

/** The failure of a value that is not of the type that its field takes. */
export function wrongType(text: string | undefined, field: string, expected: string, value: Json): EvaluationFailure {
  const what =
    text === undefined
      ? `The value specified for the field '${field}' has`
      : `The JSONata expression '${text}' specified for the field '${field}' returned`
  return new EvaluationFailure(
    `${what} an unexpected result type. Expected '${expected}', but was '${typeName(value)}' for value: ${textOf(value)}`,
    field,
  )
}
