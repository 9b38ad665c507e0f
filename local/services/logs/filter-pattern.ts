/**
 * Filter patterns for text and for JSON events
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html).
 */
import { AwsError } from '../../gateway/aws-error.ts'

export type Filter = (message: string) => boolean
type Condition = (event: unknown) => boolean

/** @throws AwsError InvalidParameterException for a pattern that is none, or one with `[…]`, which is not served */
export function parseFilter(pattern = ''): Filter {
  const text = pattern.trim()
  if (text === '') return () => true
  if (text.startsWith('[')) throw invalid(pattern, 'patterns of space-delimited fields are not served locally')
  return text.startsWith('{') ? jsonFilter(text) : termFilter(text)
}

/** `a "b c" -d`: all of the terms, none with a minus; `?a ?b`: one of them; `%regex%`. */
function termFilter(pattern: string): Filter {
  const all: Filter[] = []
  const some: Filter[] = []
  for (const [, sign, quoted, regex, word] of pattern.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|(\S+))/g)) {
    const term = quoted?.replace(/\\(.)/g, '$1') ?? word ?? ''
    const expression = regex === undefined ? undefined : compile(pattern, regex)
    const found: Filter = expression ? (message) => expression.test(message) : (message) => message.includes(term)
    if (sign === '?') some.push(found)
    else all.push(sign === '-' ? (message) => !found(message) : found)
  }
  return (message) =>
    all.every((found) => found(message)) && (some.length === 0 || some.some((found) => found(message)))
}

function jsonFilter(pattern: string): Filter {
  const tokens = tokensOf(pattern)
  let next = 0
  const take = (expected?: string) => {
    const token = tokens[next++]
    if (token === undefined || (expected !== undefined && token !== expected))
      throw invalid(
        pattern,
        `${expected ?? 'more'} was expected ${token === undefined ? 'at the end' : `instead of ${token}`}`,
      )
    return token
  }

  function either(): Condition {
    const choices = [both()]
    while (tokens[next] === '||') {
      next++
      choices.push(both())
    }
    return (event) => choices.some((holds) => holds(event))
  }

  function both(): Condition {
    const parts = [one()]
    while (tokens[next] === '&&') {
      next++
      parts.push(one())
    }
    return (event) => parts.every((holds) => holds(event))
  }

  function one(): Condition {
    if (tokens[next] === '(') {
      next++
      const inner = either()
      take(')')
      return inner
    }
    const select = selector(take(), pattern)
    const operator = take()
    if (operator === 'IS') return is(select, take())
    if (operator === 'NOT') {
      take('EXISTS')
      return (event) => select(event) === undefined
    }
    return comparison(select, operator, take(), pattern)
  }

  take('{')
  const condition = either()
  take('}')
  if (next < tokens.length) throw invalid(pattern, `${tokens[next]} comes after its end`)
  return (message) => {
    if (!message.trimStart().startsWith('{')) return false
    try {
      return condition(JSON.parse(message))
    } catch {
      return false
    }
  }
}

function tokensOf(pattern: string): string[] {
  const token = /\s*("(?:[^"\\]|\\.)*"|%[^%]+%|&&|\|\||!=|<=|>=|[{}()=<>]|[^\s{}()=<>!&|"]+)/y
  const tokens: string[] = []
  while (token.lastIndex < pattern.trimEnd().length) {
    const at = token.lastIndex
    const match = token.exec(pattern)
    if (!match) throw invalid(pattern, `it cannot be read from character ${at + 1} on`)
    tokens.push(match[1]!)
  }
  return tokens
}

function selector(token: string, pattern: string): (event: unknown) => unknown {
  if (!/^\$[.[]/.test(token)) throw invalid(pattern, `${token} is no selector such as $.level`)
  const path = [...token.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']+)'\]/g)].map(
    ([, name, i, quoted]) => name ?? quoted ?? Number(i),
  )
  return (event) => path.reduce<any>((value, key) => (value === null ? undefined : value?.[key]), event)
}

function is(select: (event: unknown) => unknown, word: string): Condition {
  const values: Record<string, unknown> = { NULL: null, TRUE: true, FALSE: false }
  return (event) => select(event) === values[word.toUpperCase()]
}

function comparison(
  select: (event: unknown) => unknown,
  operator: string,
  operand: string,
  pattern: string,
): Condition {
  const text = operand.startsWith('"') ? operand.slice(1, -1).replace(/\\(.)/g, '$1') : operand
  const number = operand.startsWith('"') ? Number.NaN : Number(text)
  const tests: Record<string, (value: number) => boolean> = {
    '<': (value) => value < number,
    '<=': (value) => value <= number,
    '>': (value) => value > number,
    '>=': (value) => value >= number,
  }
  if (operator === '=' || operator === '!=') {
    const source = /^%.*%$/.test(operand) ? operand.slice(1, -1) : `^${text.split('*').map(escaped).join('[\\s\\S]*')}$`
    const expression = compile(pattern, source)
    const equal = (value: unknown) =>
      typeof value === 'number' && !Number.isNaN(number)
        ? value === number
        : ['string', 'number', 'boolean'].includes(typeof value) && expression.test(String(value))
    return (event) => {
      const value = select(event)
      return value !== undefined && equal(value) === (operator === '=')
    }
  }
  const test = tests[operator]
  if (!test || Number.isNaN(number)) throw invalid(pattern, `${operator} ${operand} is no comparison`)
  return (event) => {
    const value = select(event)
    return typeof value === 'number' && test(value)
  }
}

function compile(pattern: string, source: string): RegExp {
  try {
    return new RegExp(source)
  } catch (error) {
    throw invalid(pattern, (error as Error).message)
  }
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const invalid = (pattern: string, reason: string) =>
  new AwsError('InvalidParameterException', `Invalid filter pattern "${pattern}": ${reason}.`)
