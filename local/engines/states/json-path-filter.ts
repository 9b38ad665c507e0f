/** Filters of JSONPath, `[?(@.price < 10 && @.tags contains 'new')]`: the operators of Jayway. */
import { equalJson, isObject, type Json } from './json.ts'
import { parsePath, readPath } from './json-path.ts'

/** Whether an item passes; `root` is what `$` means inside of the filter. */
export type FilterTest = (item: Json, root: Json) => boolean

type Operand = (item: Json, root: Json) => Json | undefined

const token =
  /\s*(&&|\|\||==|!=|<=|>=|=~|<|>|!|\(|\)|\/(?:\\.|[^/\\])*\/[a-z]*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\[[^\]]*\]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|(?:in|nin|subsetof|anyof|noneof|size|empty|contains)\b|true\b|false\b|null\b|[@$](?:\.\.?[\w-]+|\.\.?\*|\[(?:'[^']*'|"[^"]*"|[^\]])*\]|\(\))*)/y

/** Parses the text between the round brackets of a filter. @throws what `invalid` makes */
export function parseFilter(text: string, invalid: () => Error): FilterTest {
  const tokens: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length && text.slice(token.lastIndex).trim() !== '') {
    const match = token.exec(text)
    if (!match) throw invalid()
    tokens.push(match[1]!)
  }
  let at = 0

  const either = (): FilterTest => {
    const parts = [both()]
    while (tokens[at] === '||') {
      at++
      parts.push(both())
    }
    return parts.length === 1 ? parts[0]! : (item, root) => parts.some((part) => part(item, root))
  }
  const both = (): FilterTest => {
    const parts = [unary()]
    while (tokens[at] === '&&') {
      at++
      parts.push(unary())
    }
    return parts.length === 1 ? parts[0]! : (item, root) => parts.every((part) => part(item, root))
  }
  const unary = (): FilterTest => {
    if (tokens[at] === '!') {
      at++
      const inner = unary()
      return (item, root) => !inner(item, root)
    }
    if (tokens[at] === '(') {
      at++
      const inner = either()
      if (tokens[at++] !== ')') throw invalid()
      return inner
    }
    return comparison()
  }
  const comparison = (): FilterTest => {
    const left = operand()
    const operator = tokens[at]
    if (operator === undefined || operator === ')' || operator === '&&' || operator === '||')
      return (item, root) => left(item, root) !== undefined
    at++
    const pattern = operator === '=~' ? regularExpression(tokens[at++], invalid) : undefined
    if (pattern) return (item, root) => pattern.test(String(left(item, root) ?? ''))
    const compare = operators[operator]
    if (!compare) throw invalid()
    const right = operand()
    return (item, root) => compare(left(item, root), right(item, root))
  }
  const operand = (): Operand => {
    const text = tokens[at++]
    if (text === undefined) throw invalid()
    if (text.startsWith('@') || text.startsWith('$')) {
      const path = parsePath(`$${text.slice(1)}`)
      const absolute = text.startsWith('$')
      return (item, root) => {
        try {
          return readPath(path, absolute ? root : item)
        } catch {
          return undefined
        }
      }
    }
    const value = literal(text, invalid)
    return () => value
  }

  const test = either()
  if (at < tokens.length) throw invalid()
  return test
}

function literal(text: string, invalid: () => Error): Json {
  try {
    if (text.startsWith("'")) return text.slice(1, -1).replace(/\\(.)/g, '$1')
    return JSON.parse(text.startsWith('[') ? text.replaceAll("'", '"') : text) as Json
  } catch {
    throw invalid()
  }
}

function regularExpression(text: string | undefined, invalid: () => Error): RegExp {
  const match = /^\/(.*)\/([a-z]*)$/s.exec(text ?? '')
  if (!match) throw invalid()
  return new RegExp(`^(?:${match[1]})$`, match[2]!.replace(/[^imsu]/g, ''))
}

const among = (value: Json | undefined, list: Json | undefined): boolean =>
  value !== undefined && Array.isArray(list) && list.some((item) => equalJson(item, value))

function ordered(left: Json | undefined, right: Json | undefined): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0
  return Number.NaN
}

const equals = (left: Json | undefined, right: Json | undefined): boolean =>
  left === undefined || right === undefined ? left === right : equalJson(left, right)

const sizeOf = (value: Json | undefined): number =>
  Array.isArray(value) || typeof value === 'string'
    ? value.length
    : isObject(value)
      ? Object.keys(value).length
      : Number.NaN

const operators: Record<string, (left: Json | undefined, right: Json | undefined) => boolean> = {
  '==': equals,
  '!=': (left, right) => !equals(left, right),
  '<': (left, right) => ordered(left, right) < 0,
  '<=': (left, right) => ordered(left, right) <= 0,
  '>': (left, right) => ordered(left, right) > 0,
  '>=': (left, right) => ordered(left, right) >= 0,
  in: among,
  nin: (left, right) => !among(left, right),
  contains: (left, right) =>
    typeof left === 'string' && typeof right === 'string' ? left.includes(right) : among(right, left),
  subsetof: (left, right) => Array.isArray(left) && left.every((item) => among(item, right)),
  anyof: (left, right) => Array.isArray(left) && left.some((item) => among(item, right)),
  noneof: (left, right) => Array.isArray(left) && !left.some((item) => among(item, right)),
  size: (left, right) => sizeOf(left) === (typeof right === 'number' ? right : sizeOf(right)),
  empty: (left, right) => (sizeOf(left) === 0) === right,
}
