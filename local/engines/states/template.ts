/**
 * Templates: JSON in a definition that is filled in when a state runs. In JSONata, strings between `{% %}` are expressions;
 * in JSONPath, a member whose name ends in `.$` holds a path or an intrinsic function.
 */
import { RuntimeFailure } from './errors.ts'
import { type Expression, evaluateExpression, parseExpression } from './intrinsic-expression.ts'
import { isObject, type Json, type JsonObject, textOf } from './json.ts'
import { type JsonPath, PathNotFound, readPath } from './json-path.ts'
import { type Bindings, clockBindings, compileJsonata, evaluateJsonata, isJsonata, jsonataText } from './jsonata.ts'

/** What a template sees when a state runs. */
export interface Scope {
  /** `$` of JSONPath. */
  readonly input: Json
  /** The context object, made when something asks for it. */
  readonly context: () => JsonObject
  readonly variables: Readonly<Record<string, Json>>
  /** `$states` of JSONata. */
  readonly states?: Record<string, unknown>
  /** What `$now()` and `$millis()` tell, where time is simulated. */
  readonly now?: (() => number) | undefined
}

/** A compiled template; `constant` when nothing in it has to be filled in. */
export interface Template {
  readonly constant: Json | undefined
  /** The JSONata expression that the whole template is, if it is one. */
  readonly expression?: string
  fill(scope: Scope): Json | Promise<Json>
}

function constant(value: Json): Template {
  return { constant: value, fill: () => value }
}

/** The bindings of JSONata for a scope. */
function bindingsOf(scope: Scope): Bindings {
  const bindings: Bindings = { ...scope.variables, states: scope.states }
  return scope.now ? { ...bindings, ...clockBindings(scope.now) } : bindings
}

/** Compiles a template of the JSONata language. `field` is the name that messages give it. */
export function jsonataTemplate(value: Json, field: string): Template {
  if (isJsonata(value)) {
    const expression = compileJsonata(jsonataText(value))
    return {
      constant: undefined,
      expression: expression.text,
      fill: (scope) => evaluateJsonata(expression, field, bindingsOf(scope)),
    }
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => jsonataTemplate(item, `${field}[${index}]`))
    if (items.every((item) => item.constant !== undefined)) return constant(value)
    return {
      constant: undefined,
      async fill(scope) {
        const filled: Json[] = []
        for (const item of items) filled.push(await item.fill(scope))
        return filled
      },
    }
  }
  if (isObject(value)) {
    const members = Object.entries(value).map(
      ([key, member]) => [key, jsonataTemplate(member, `${field}/${key}`)] as const,
    )
    if (members.every(([, member]) => member.constant !== undefined)) return constant(value)
    return {
      constant: undefined,
      fill(scope) {
        const filled: JsonObject = {}
        for (let i = 0; i < members.length; i++) {
          const [key, member] = members[i]!
          const result = member.fill(scope)
          if (result instanceof Promise) return rest(members, i, result, filled, scope)
          filled[key] = result
        }
        return filled
      },
    }
  }
  return constant(value)
}

/** The members from the first one that takes its time. */
async function rest(
  members: readonly (readonly [string, Template])[],
  from: number,
  pending: Promise<Json>,
  filled: JsonObject,
  scope: Scope,
): Promise<Json> {
  filled[members[from]![0]] = await pending
  for (const [key, member] of members.slice(from + 1)) filled[key] = await member.fill(scope)
  return filled
}

/** Compiles a payload template of the JSONPath language. */
export function pathTemplate(value: Json): Template {
  if (isObject(value)) {
    const members = Object.entries(value).map(([key, member]) => {
      if (key.endsWith('.$') && typeof member === 'string') {
        const expression = parseExpression(member)
        return [key.slice(0, -2), { constant: undefined, fill: (scope) => evaluatePath(expression, scope, key) }] as [
          string,
          Template,
        ]
      }
      return [key, pathTemplate(member)] as [string, Template]
    })
    if (members.every(([, member]) => member.constant !== undefined)) return constant(value)
    return {
      constant: undefined,
      fill(scope) {
        const filled: JsonObject = {}
        for (const [key, member] of members) filled[key] = member.fill(scope) as Json
        return filled
      },
    }
  }
  if (Array.isArray(value)) {
    const items = value.map(pathTemplate)
    if (items.every((item) => item.constant !== undefined)) return constant(value)
    return { constant: undefined, fill: (scope) => items.map((item) => item.fill(scope) as Json) }
  }
  return constant(value)
}

/** A field that is a path or an intrinsic function call as a whole. */
export function pathExpression(text: string, field?: string): Template {
  const expression = parseExpression(text)
  return { constant: undefined, fill: (scope) => evaluatePath(expression, scope, field) }
}

function evaluatePath(expression: Expression, scope: Scope, field: string | undefined): Json {
  return evaluateExpression(expression, (path) => readFrom(path, scope, field))
}

/**
 * What a path gives in a scope.
 * @param field the field that AWS names in its message; it names none for InputPath, OutputPath and their like
 * @throws RuntimeFailure with AWS's text when the path leads nowhere
 */
export function readFrom(path: JsonPath, scope: Scope, field?: string): Json {
  try {
    return readFromScope(path, scope)
  } catch (error) {
    if (!(error instanceof PathNotFound)) throw error
    throw new RuntimeFailure(
      field === undefined
        ? `Invalid path '${path.text}' : ${error.message}`
        : `The JSONPath '${path.text}' specified for the field '${field}' could not be found in the input '${textOf(scope.input)}'`,
    )
  }
}

/** @throws PathNotFound */
export function readFromScope(path: JsonPath, scope: Scope): Json {
  if (path.root === 'input') return readPath(path, scope.input)
  if (path.root === 'context') return readPath(path, scope.context())
  const value = scope.variables[path.variable]
  if (value === undefined) throw new PathNotFound(`No results for path: $['${path.variable}']`)
  return readPath(path, value)
}
