/**
 * JSONPath as AWS reads it, that is by the rules of Jayway's implementation (https://github.com/json-path/JsonPath): a definite
 * path names one value and fails when there is none; a path with a wildcard, slice, union, filter or `..` gives an array.
 */
import { isObject, type Json } from './json.ts'
import { type FilterTest, parseFilter } from './json-path-filter.ts'

export type PathStep =
  | { kind: 'member'; names: string[] }
  | { kind: 'index'; indexes: number[] }
  | { kind: 'slice'; from?: number; to?: number }
  | { kind: 'every' }
  | { kind: 'filter'; test: FilterTest }
  | { kind: 'deep' }
  | { kind: 'function'; name: string }

/** A parsed path: where it starts (the state's input, the context object or a variable) and the steps from there. */
export interface JsonPath {
  readonly text: string
  readonly root: 'input' | 'context' | 'variable'
  /** The variable's name; '' elsewhere. */
  readonly variable: string
  readonly steps: readonly PathStep[]
  readonly definite: boolean
}

/** A text that is no path. */
export class PathSyntaxError extends Error {
  constructor(text: string, at: number) {
    super(`Illegal JSONPath '${text}' at character ${at + 1}.`)
    this.name = 'PathSyntaxError'
  }
}

/** A definite path that leads nowhere; the message is Jayway's. */
export class PathNotFound extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PathNotFound'
  }
}

const parsed = new Map<string, JsonPath>()
const maxCached = 10_000

/** Parses a path, or takes it from the cache. @throws PathSyntaxError */
export function parsePath(text: string): JsonPath {
  let path = parsed.get(text)
  if (!path) {
    path = parse(text)
    if (parsed.size >= maxCached) parsed.clear()
    parsed.set(text, path)
  }
  return path
}

const functions = new Set(['length', 'size', 'min', 'max', 'avg', 'sum', 'keys', 'first', 'last'])
const nameEnd = /[.[\]()\s,?*@!&|<>=~'"]/

function parse(text: string): JsonPath {
  let at = 0
  const fail = (): never => {
    throw new PathSyntaxError(text, at)
  }
  if (text[at++] !== '$') fail()
  let root: JsonPath['root'] = 'input'
  let variable = ''
  if (text[at] === '$') {
    root = 'context'
    at++
  } else {
    const start = at
    while (at < text.length && /[\p{ID_Continue}]/u.test(text[at]!)) at++
    variable = text.slice(start, at)
    if (variable) root = 'variable'
  }
  const steps: PathStep[] = []
  while (at < text.length) {
    const char = text[at]
    if (char === '.') {
      at++
      if (text[at] === '.') {
        at++
        steps.push({ kind: 'deep' })
        if (text[at] === '[') continue
      }
      if (text[at] === '*') {
        at++
        steps.push({ kind: 'every' })
        continue
      }
      if (text[at] === '[' && steps.at(-1)?.kind !== 'deep') fail()
      const start = at
      while (at < text.length && !nameEnd.test(text[at]!)) at++
      const name = text.slice(start, at)
      if (!name) fail()
      if (text.startsWith('()', at)) {
        if (!functions.has(name)) fail()
        at += 2
        steps.push({ kind: 'function', name })
      } else steps.push({ kind: 'member', names: [name] })
    } else if (char === '[') {
      const end = closing(text, at)
      if (end < 0) fail()
      steps.push(bracket(text, text.slice(at + 1, end).trim(), at))
      at = end + 1
    } else fail()
  }
  if (steps.at(-1)?.kind === 'deep') fail()
  const definite = steps.every(
    (step) =>
      (step.kind === 'member' && step.names.length === 1) ||
      (step.kind === 'index' && step.indexes.length === 1) ||
      step.kind === 'function',
  )
  return { text, root, variable, steps, definite }
}

/** The index of the bracket that closes the one at `open`, quotes and nested brackets aside; -1 without one. */
function closing(text: string, open: number): number {
  let depth = 0
  for (let i = open; i < text.length; i++) {
    const char = text[i]!
    if (char === "'" || char === '"') {
      for (i++; i < text.length && text[i] !== char; i++) if (text[i] === '\\') i++
    } else if (char === '[' || char === '(') depth++
    else if (char === ']' || char === ')') {
      if (--depth === 0) return i
    }
  }
  return -1
}

function bracket(text: string, inner: string, at: number): PathStep {
  if (inner === '*') return { kind: 'every' }
  if (inner.startsWith('?')) {
    const body = inner.slice(1).trim()
    if (!body.startsWith('(') || !body.endsWith(')')) throw new PathSyntaxError(text, at)
    return { kind: 'filter', test: parseFilter(body.slice(1, -1), () => new PathSyntaxError(text, at)) }
  }
  if (/^['"]/.test(inner)) {
    const names: string[] = []
    const quoted = /\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*(,|$)/y
    while (quoted.lastIndex < inner.length) {
      const match = quoted.exec(inner)
      if (!match) throw new PathSyntaxError(text, at)
      names.push((match[1] ?? match[2] ?? '').replace(/\\(.)/g, '$1'))
    }
    return { kind: 'member', names }
  }
  const slice = /^(-?\d+)?\s*:\s*(-?\d+)?$/.exec(inner)
  if (slice) {
    const step: PathStep = { kind: 'slice' }
    if (slice[1] !== undefined) step.from = Number(slice[1])
    if (slice[2] !== undefined) step.to = Number(slice[2])
    return step
  }
  if (!/^-?\d+(\s*,\s*-?\d+)*$/.test(inner)) throw new PathSyntaxError(text, at)
  return { kind: 'index', indexes: inner.split(',').map(Number) }
}

/** How Jayway writes a path in its messages: `$['a'][0]`. */
function canonical(steps: readonly PathStep[]): string {
  let text = '$'
  for (const step of steps) {
    if (step.kind === 'member') text += `[${step.names.map((name) => `'${name}'`).join(',')}]`
    else if (step.kind === 'index') text += `[${step.indexes.join(',')}]`
    else if (step.kind === 'slice') text += `[${step.from ?? ''}:${step.to ?? ''}]`
    else if (step.kind === 'every') text += '[*]'
    else if (step.kind === 'filter') text += '[?]'
    else if (step.kind === 'deep') text += '..'
    else text += `.${step.name}()`
  }
  return text
}

const javaNames: Record<string, string> = {
  string: 'java.lang.String',
  boolean: 'java.lang.Boolean',
  number: 'java.lang.Integer',
  array: 'net.minidev.json.JSONArray',
}

/**
 * Reads what a path names in a value.
 * @returns the value of a definite path, an array (perhaps empty) for others
 * @throws PathNotFound when a definite path leads nowhere
 */
export function readPath(path: JsonPath, root: Json): Json {
  return path.definite ? readDefinite(path.steps, root) : readAll(path.steps, 0, root, root, [])
}

function readDefinite(steps: readonly PathStep[], root: Json): Json {
  let value = root
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!
    if (step.kind === 'member') {
      const name = step.names[0]!
      if (!isObject(value)) {
        const found = value === null ? 'null' : javaNames[Array.isArray(value) ? 'array' : typeof value]
        throw new PathNotFound(
          `Expected to find an object with property ['${name}'] in path ${canonical(steps.slice(0, i))} but found '${found}'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JsonSmartJsonProvider'.`,
        )
      }
      if (!Object.hasOwn(value, name)) {
        const where = canonical(steps.slice(0, i + 1))
        throw new PathNotFound(
          i === steps.length - 1 ? `No results for path: ${where}` : `Missing property in path ${where}`,
        )
      }
      value = value[name]!
    } else if (step.kind === 'index') {
      if (value === null) throw new PathNotFound(`The path ${canonical(steps.slice(0, i))} is null`)
      if (!Array.isArray(value))
        throw new PathNotFound(
          `Filter: ${canonical([step]).slice(1)} can only be applied to arrays. Current context is: ${javaText(value)}`,
        )
      const found = at(value, step.indexes[0]!)
      if (found === undefined) throw new PathNotFound(`No results for path: ${canonical(steps)}`)
      value = found
    } else if (step.kind === 'function') {
      const result = applyFunction(step.name, value)
      if (result === undefined) throw new PathNotFound(`No results for path: ${canonical(steps)}`)
      value = result
    }
  }
  return value
}

function at(array: Json[], index: number): Json | undefined {
  return array[index < 0 ? array.length + index : index]
}

/** `Map.toString()` of Java, as Jayway's messages show a value. */
function javaText(value: Json): string {
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, member]) => `${key}=${javaText(member)}`)
      .join(', ')}}`
  if (Array.isArray(value)) return JSON.stringify(value)
  return String(value)
}

function readAll(steps: readonly PathStep[], from: number, value: Json, root: Json, found: Json[]): Json[] {
  if (from === steps.length) {
    found.push(value)
    return found
  }
  const step = steps[from]!
  const each = (next: Json | undefined) => {
    if (next !== undefined) readAll(steps, from + 1, next, root, found)
  }
  switch (step.kind) {
    case 'member':
      if (isObject(value)) for (const name of step.names) if (Object.hasOwn(value, name)) each(value[name])
      break
    case 'index':
      if (Array.isArray(value)) for (const index of step.indexes) each(at(value, index))
      break
    case 'slice':
      if (Array.isArray(value)) for (const item of value.slice(step.from ?? 0, step.to)) each(item)
      break
    case 'every':
      if (Array.isArray(value)) value.forEach(each)
      else if (isObject(value)) Object.values(value).forEach(each)
      break
    case 'filter':
      if (Array.isArray(value)) value.filter((item) => step.test(item, root)).forEach(each)
      else if (step.test(value, root)) each(value)
      break
    case 'deep':
      walk(value, (node) => readAll(steps, from + 1, node, root, found))
      break
    case 'function':
      each(applyFunction(step.name, value))
  }
  return found
}

function walk(value: Json, visit: (node: Json) => void): void {
  visit(value)
  if (Array.isArray(value)) for (const item of value) walk(item, visit)
  else if (isObject(value)) for (const member of Object.values(value)) walk(member, visit)
}

function applyFunction(name: string, value: Json): Json | undefined {
  if (name === 'length' || name === 'size') {
    if (Array.isArray(value) || typeof value === 'string') return value.length
    return isObject(value) ? Object.keys(value).length : undefined
  }
  if (name === 'keys') return isObject(value) ? Object.keys(value) : undefined
  if (!Array.isArray(value)) return undefined
  if (name === 'first') return value[0]
  if (name === 'last') return value.at(-1)
  const numbers = value.filter((item): item is number => typeof item === 'number')
  if (numbers.length === 0) return undefined
  const sum = numbers.reduce((total, number) => total + number, 0)
  if (name === 'sum') return sum
  if (name === 'avg') return sum / numbers.length
  return name === 'min' ? Math.min(...numbers) : Math.max(...numbers)
}

/** Whether a path is a reference path: one that names a single place, without functions (ResultPath). */
export function isReferencePath(path: JsonPath): boolean {
  return path.definite && path.steps.every((step) => step.kind !== 'function')
}

/**
 * Puts a value at a reference path of a copy of `target`, making the objects on the way (ResultPath).
 * @throws PathNotFound when the path runs through something that is no object, or beyond an array
 */
export function writePath(path: JsonPath, target: Json, value: Json): Json {
  return place(path, 0, target, value)
}

function place(path: JsonPath, from: number, target: Json | undefined, value: Json): Json {
  if (from === path.steps.length) return value
  const step = path.steps[from]!
  if (step.kind === 'member' && (target === undefined || isObject(target))) {
    const name = step.names[0]!
    const inner = target !== undefined && Object.hasOwn(target, name) ? target[name] : undefined
    return { ...target, [name]: place(path, from + 1, inner, value) }
  }
  if (step.kind === 'index' && Array.isArray(target)) {
    const index = step.indexes[0]!
    if (index >= 0 && index < target.length)
      return target.map((item, i) => (i === index ? place(path, from + 1, item, value) : item))
  }
  throw new PathNotFound(`Unable to apply step ${canonical([step]).slice(1)} to input ${JSON.stringify(target)}`)
}
