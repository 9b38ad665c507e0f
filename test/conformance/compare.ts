/**
 * Compares an answer with a recording. Recordings hold placeholders in the place of what differs from run to run: `<region>`,
 * `<uuid:1>`, `datetime`. A placeholder stands for one value throughout a case.
 */
import type { RecordedCase } from './case.ts'

/** What the placeholders of a case stand for. */
export interface Known {
  readonly account: string
  readonly region: string
  /** Texts to be written as the recording writes them: names and ARNs of this run. */
  readonly texts: readonly (readonly [actual: string, recorded: string])[]
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const timeNames = /^<?((date)?time(stamp)?|date|[a-z]+[-_]?(date|time)|_?timestamp_?)(:\d+)?>?$/i
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

/** Strings that hold a JSON object or array become that value, deep. */
export function parseStrings(value: any): any {
  if (value instanceof Date) return value
  if (typeof value === 'string') {
    if (!/^\s*[[{]/.test(value)) return value
    try {
      return parseStrings(JSON.parse(value))
    } catch {
      return value
    }
  }
  if (Array.isArray(value)) return value.map(parseStrings)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [key, parseStrings(member)]),
  )
}

/** Compares and tells the first difference; undefined when there is none. */
export function firstDifference(testCase: RecordedCase, expected: any, actual: any, known: Known): string | undefined {
  let left = parseStrings(expected)
  let right = parseStrings(actual)
  for (const path of [...(testCase.ignore_paths ?? []), '$..stackTrace', '$..requestId']) {
    left = without(left, path)
    right = without(right, path)
  }
  if (testCase.parallel_unordered) {
    left = withoutParallelOrder(left)
    right = withoutParallelOrder(right)
  }
  return new Comparison(testCase, known).compare(left, right, '$')
}

/** Removes the members that `$..Name` names (also `$..Outer.Name` at any depth). */
function without(value: any, path: string): any {
  const names = path
    .replace(/^\$\.\.?/, '')
    .split('.')
    .filter(Boolean)
  const last = names.at(-1)!
  const strip = (node: any, trail: string[]): any => {
    if (Array.isArray(node)) return node.map((item) => strip(item, trail))
    if (typeof node !== 'object' || node === null || node instanceof Date) return node
    const result: any = {}
    for (const [key, member] of Object.entries(node)) {
      const here = [...trail, key]
      if (key === last && names.every((name, i) => here[here.length - names.length + i] === name)) continue
      result[key] = strip(member, here)
    }
    return result
  }
  return strip(value, [])
}

/** Between ParallelStateStarted and its end the order of events means nothing. */
function withoutParallelOrder(events: any): any {
  if (!Array.isArray(events)) return events
  const result: any[] = []
  let inside: any[] | undefined
  const end = () => {
    if (!inside) return
    inside.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
    result.push({ unordered: inside })
    inside = undefined
  }
  for (const event of events) {
    if (/^ParallelState/.test(event.type)) {
      end()
      if (!/Succeeded$|Failed$/.test(event.type)) result.push(event)
      if (event.type === 'ParallelStateStarted') inside = []
    } else if (inside) inside.push({ ...event, id: [0], previousEventId: 0 })
    else result.push(event)
  }
  end()
  return result
}

function sortKey(event: any): string {
  const details = Object.entries<any>(event).find(([key]) => key.endsWith('EventDetails'))?.[1]
  return `${event.type} ${details?.name ?? ''} ${JSON.stringify(details?.input ?? details?.output ?? '')}`
}

class Comparison {
  readonly #known: Known
  readonly #rules: [RegExp, string][]
  readonly #wild: Set<string>
  readonly #bound = new Map<string, string>()

  constructor(testCase: RecordedCase, known: Known) {
    this.#known = known
    this.#rules = (testCase.regex_replacements ?? [])
      .filter(([pattern]) => typeof pattern === 'string')
      .map(([pattern, replacement]): [string, string] => [
        known.texts.reduce((text, [actual, recorded]) => text.replaceAll(recorded, actual), pattern),
        replacement,
      ])
      .filter(([pattern]) => !pattern.includes('«'))
      .map(([pattern, replacement]) => [new RegExp(pattern, 'g'), replacement])
    this.#wild = new Set(
      (testCase.jsonpath_replacements ?? []).map((rule) => (rule.jsonpath ?? rule.args[0]!).split('.').at(-1)!),
    )
  }

  compare(expected: any, actual: any, path: string, key = ''): string | undefined {
    if (typeof expected === 'string') return this.#string(expected, actual, path, key)
    if (Array.isArray(expected)) {
      if (!Array.isArray(actual)) return differ(path, expected, actual)
      const length = Math.min(expected.length, actual.length)
      for (let i = 0; i < length; i++) {
        const difference = this.compare(expected[i], actual[i], `${path}[${i}]`, key)
        if (difference) return difference
      }
      if (expected.length !== actual.length)
        return `${path}: expected ${expected.length} items, got ${actual.length}; ${show(expected[length] ?? actual[length])}`
      return undefined
    }
    if (typeof expected === 'object' && expected !== null) {
      if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return differ(path, expected, actual)
      const keys = Object.keys(expected)
      if (typeof expected.type === 'string' && expected.type !== actual.type)
        return `${path}: expected ${show(expected)}, got ${show(actual)}`
      for (const name of keys) {
        if (!(name in actual)) return `${path}.${name}: expected ${show(expected[name])}, got nothing`
        const difference = this.compare(expected[name], actual[name], `${path}.${name}`, name)
        if (difference) return difference
      }
      const extra = Object.keys(actual).find((name) => !(name in expected))
      return extra === undefined ? undefined : `${path}.${extra}: expected nothing, got ${show(actual[extra])}`
    }
    return Object.is(expected, actual) || expected === actual ? undefined : differ(path, expected, actual)
  }

  #string(expected: string, actual: any, path: string, key: string): string | undefined {
    if (this.#wild.has(key) && actual !== undefined) return undefined
    // Recordings replace every member named like a timestamp, a path to one as well.
    if (expected === 'timestamp' && /timestamp/i.test(key) && actual !== undefined) return undefined
    const bare = expected.replace(/^"(.*)"$/, '$1')
    if (timeNames.test(bare)) {
      if (actual instanceof Date || typeof actual === 'number') return undefined
      const time = typeof actual === 'string' ? actual.replace(/^"(.*)"$/, '$1') : ''
      if (typeof actual === 'string' && (isoTime.test(time) || !Number.isNaN(Date.parse(actual)))) return undefined
    }
    // A member whose recorded value is its own name was replaced by it (headers with ids and dates).
    if (expected.toLowerCase() === key.toLowerCase() && actual !== undefined) return undefined
    if (Array.isArray(actual) && actual.length === 1 && timeNames.test(expected)) return undefined
    if (typeof actual !== 'string') {
      if (/^<.*>$/.test(expected) && actual !== null && actual !== undefined) return undefined
      return differ(path, expected, actual)
    }
    let text = actual
    for (const [pattern, replacement] of this.#rules) text = text.replace(pattern, () => replacement)
    text = text.replaceAll(this.#known.account, '111111111111')
    if (text === expected || actual === expected) return undefined
    const pattern = this.#pattern(expected)
    const match = pattern.regex.exec(text) ?? pattern.regex.exec(actual)
    if (!match) return differ(path, expected, text)
    for (const [index, token] of pattern.tokens.entries()) {
      const value = match[index + 1]!
      const bound = this.#bound.get(token)
      if (bound !== undefined && bound !== value && !token.startsWith('<json-input'))
        return `${path}: ${token} was ${bound}, is now ${value}`
      this.#bound.set(token, value)
    }
    return undefined
  }

  /** A recorded text as a pattern: `<region>` is our region, `<uuid:n>` any UUID, other placeholders any text. */
  #pattern(expected: string): { regex: RegExp; tokens: string[] } {
    const tokens: string[] = []
    let source = ''
    for (const part of expected.split(/(<[A-Za-z_][\w-]*(?::\d+)?>)/)) {
      if (/^<[A-Za-z_]/.test(part) && part.endsWith('>')) {
        if (part === '<region>') source += literal(this.#known.region)
        else if (part === '<partition>') source += 'aws'
        else {
          tokens.push(part)
          source += part.startsWith('<uuid') ? `(${uuid})` : '([\\s\\S]+?)'
        }
      } else source += literal(part)
    }
    return { regex: new RegExp(`^${source}$`), tokens }
  }
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}

function differ(path: string, expected: unknown, actual: unknown): string {
  return `${path}: expected ${show(expected)}, got ${show(actual)}`
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
