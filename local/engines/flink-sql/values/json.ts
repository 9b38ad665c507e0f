/**
 * JSON as Flink's functions see it (flink-table-runtime/src/main/java/org/apache/flink/table/runtime/functions/SqlJsonUtils.java): Jackson
 * reads the text, Jayway JsonPath walks it. Jackson stops behind the first value, so `{"a":1} rest` is JSON; fractions are BigDecimals,
 * so 1.50 stays 1.50 and 1e3 becomes 1E+3.
 */
import { exactText, parseExact } from './decimal.ts'

/** A parsed text; `undefined` value means that it is no JSON. */
export interface Document {
  text: string
  value: unknown
}

const NO_JSON: Document = { text: '', value: undefined }
let last: Document = NO_JSON
let lastInput: string | undefined

/** One record is asked many times for its parts: the last text is remembered. */
export function parseJson(input: string): Document {
  if (input === lastInput) return last
  lastInput = input
  last = read(input)
  return last
}

function read(input: string): Document {
  try {
    return { text: input, value: JSON.parse(input) }
  } catch {
    const end = endOfFirstValue(input)
    if (end === undefined) return NO_JSON
    const text = input.slice(0, end)
    try {
      return { text, value: JSON.parse(text) }
    } catch {
      return NO_JSON
    }
  }
}

/** Behind the first value of a text that has more behind it; undefined when there is no such place. */
function endOfFirstValue(input: string): number | undefined {
  const start = skipBlank(input, 0)
  if (start >= input.length) return undefined
  const end = skipValue(input, start)
  if (end >= input.length || end <= start) return undefined
  // A bare number or word must be followed by a blank (Jackson: "Expected space separating root-level values").
  const opensWith = input[start]!
  return '{["'.includes(opensWith) || ' \t\r\n'.includes(input[end]!) ? end : undefined
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function skipBlank(text: string, at: number): number {
  while (isBlank(text.charCodeAt(at))) at++
  return at
}

/** Behind the value at `at`; the value's own form is checked elsewhere. */
function skipValue(text: string, at: number): number {
  const open = text[at]
  if (open === '"') return skipString(text, at)
  if (open !== '{' && open !== '[') {
    while (at < text.length && !',]} \t\r\n'.includes(text[at]!)) at++
    return at
  }
  let depth = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = skipString(text, at)
      continue
    }
    at++
    // Braces and brackets differ from each other in no way that matters here: { 7b } 7d [ 5b ] 5d.
    if (code === 0x7b || code === 0x5b) depth++
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at
  }
  return at
}

function skipString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = end
    while (text.charCodeAt(slashes - 1) === BACKSLASH) slashes--
    if ((end - slashes) % 2 === 0) return end + 1
  }
  return text.length
}

export type Step = string | number

export interface JsonPath {
  steps: Step[]
  /** `strict` is Flink's default where a path names no mode. */
  lax: boolean
}

const MODE = /^\s*(strict|lax)\s+(.+)$/is
const STEP = /\.([\p{L}_$][\p{L}\p{N}_$-]*)|\.?\['((?:[^'\\]|\\.)*)'\]|\.?\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]/uy

/** Undefined for anything but `$`, `.name`, `['name']` and `[index]`. */
export function parsePath(path: string): JsonPath | undefined {
  const [, mode = 'strict', spec = path] = MODE.exec(path) ?? []
  const text = spec.trim()
  if (!text.startsWith('$')) return undefined
  const steps: Step[] = []
  STEP.lastIndex = 1
  while (STEP.lastIndex < text.length) {
    const [, name, single, double, index] = STEP.exec(text) ?? []
    const key = name ?? single?.replace(/\\(.)/g, '$1') ?? double?.replace(/\\(.)/g, '$1')
    if (key !== undefined) steps.push(key)
    else if (index !== undefined) steps.push(Number(index))
    else return undefined
  }
  return { steps, lax: mode.toLowerCase() === 'lax' }
}

/** The value at the path; undefined where there is none. */
export function walk(value: unknown, steps: Step[]): unknown {
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return undefined
    if (typeof step === 'number') {
      if (!Array.isArray(value)) return undefined
      value = value.at(step)
    } else {
      if (Array.isArray(value) || !Object.hasOwn(value, step)) return undefined
      value = (value as Record<string, unknown>)[step]
    }
  }
  return value
}

/**
 * The number at a path as Jackson writes it; JavaScript's `value` has lost 1.50 and everything beyond 2^53. Undefined for an exponent that no
 * BigDecimal has: such a number is no JSON to Jackson.
 */
export function numberText(document: Document, steps: Step[], value: number): string | undefined {
  if (isPlain(document.text, steps.at(-1), value)) return String(value)
  const source = sourceAt(document.text, steps, document.value)
  if (/^-?\d+$/.test(source)) return source === '-0' ? '0' : source
  const exact = parseExact(source)
  return exact && exactText(exact)
}

/**
 * Whether the text of the number can only be what JavaScript writes for it: no member of this name has a fraction or an exponent. That is found
 * out faster than where the path leads; without backslashes there is one way to write a name.
 */
function isPlain(text: string, name: Step | undefined, value: number): boolean {
  if (typeof name !== 'string' || !Number.isSafeInteger(value) || Object.is(value, -0) || text.includes('\\'))
    return false
  const quoted = `"${name}"`
  for (let found = text.indexOf(quoted); found >= 0; found = text.indexOf(quoted, found + 1)) {
    let at = skipBlank(text, found + quoted.length)
    if (text[at] !== ':') continue
    at = skipBlank(text, at + 1)
    if (text[at] === '-') at++
    while (text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++
    if ('.eE'.includes(text[at] ?? ' ')) return false
  }
  return true
}

/** The text of the value at a path that is known to exist. Of a repeated name the last counts, as for the parsers. */
function sourceAt(text: string, steps: Step[], value: unknown): string {
  let at = skipBlank(text, 0)
  for (const step of steps) {
    const inside = skipBlank(text, at + 1)
    if (typeof step === 'number') {
      at = element(text, inside, step < 0 ? (value as unknown[]).length + step : step)
      value = (value as unknown[]).at(step)
    } else {
      at = member(text, inside, step)
      value = (value as Record<string, unknown>)[step]
    }
  }
  return text.slice(at, skipValue(text, at))
}

function element(text: string, at: number, index: number): number {
  for (; index > 0; index--) at = skipBlank(text, skipBlank(text, skipValue(text, at)) + 1)
  return at
}

function member(text: string, at: number, name: string): number {
  let found = at
  while (text[at] === '"') {
    const end = skipString(text, at)
    const value = skipBlank(text, skipBlank(text, end) + 1)
    if (isName(text, at, end, name)) found = value
    at = skipBlank(text, skipValue(text, value))
    if (text[at] !== ',') break
    at = skipBlank(text, at + 1)
  }
  return found
}

function isName(text: string, at: number, end: number, name: string): boolean {
  if (end - at === name.length + 2 && text.startsWith(name, at + 1)) return true
  // Written with escapes, the same name is longer.
  if (end - at < name.length + 2) return false
  const quoted = text.slice(at, end)
  return quoted.includes('\\') && JSON.parse(quoted) === name
}
