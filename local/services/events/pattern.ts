/**
 * Event patterns: which events a rule is for
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html).
 */
import { BlockList, isIP } from 'node:net'
import { AwsError } from '../../gateway/aws-error.ts'

/** Says of a value at a place in the event whether it satisfies the pattern's part for that place. */
type Matcher = (value: unknown) => boolean
type Json = Record<string, unknown>

/**
 * Compiles a pattern, given as JSON text.
 * @throws AwsError InvalidEventPatternException, with the place and what is wrong there
 */
export function compilePattern(text: string): (event: unknown) => boolean {
  let pattern: unknown
  try {
    pattern = JSON.parse(text)
  } catch (error) {
    throw invalid((error as Error).message)
  }
  if (!isObject(pattern)) throw invalid('Filter is not an object')
  return compileObject(pattern, '')
}

function compileObject(pattern: Json, place: string): Matcher {
  const keys = Object.keys(pattern)
  if (keys.length === 0) throw invalid(`Empty objects are not allowed${place && ` at ${place}`}`)
  const parts = keys.map((key): Matcher => {
    const at = place ? `${place}.${key}` : key
    const wanted = pattern[key]
    if (key === '$or' && Array.isArray(wanted)) {
      const choices = wanted.map((one, i) => compileObject(objectAt(one, `${at}[${i}]`), `${at}[${i}]`))
      if (choices.length < 2) throw invalid(`$or takes at least two patterns at ${at}`)
      return (value) => choices.some((choice) => choice(value))
    }
    if (Array.isArray(wanted)) {
      const field = compileField(wanted, at)
      return (value) => field(member(value, key))
    }
    const below = compileObject(objectAt(wanted, at), at)
    return (value) => below(member(value, key))
  })
  // The parts of one object are held against one element of an array of objects.
  const matches: Matcher = (value) =>
    Array.isArray(value) && value.length > 0 ? value.some(matches) : parts.every((part) => part(value))
  return matches
}

function compileField(rules: unknown[], place: string): Matcher {
  if (rules.length === 0) throw invalid(`Empty arrays are not allowed at ${place}`)
  const matchers = rules.map((rule) => compileRule(rule, place))
  return (value) => matchers.some((matches) => matches(value))
}

/** Most rules are asked of each element of an array; `exists` is asked of the whole. */
function compileRule(rule: unknown, place: string): Matcher {
  if (!isObject(rule)) return ofAny(exactly(rule, place))
  const [operator, ...more] = Object.keys(rule)
  if (operator === undefined || more.length > 0)
    throw invalid(`A rule has exactly one operator, not ${Object.keys(rule).length}, at ${place}`)
  const operand = rule[operator]
  if (operator === 'exists') {
    if (typeof operand !== 'boolean') throw invalid(`exists takes true or false at ${place}`)
    return (value) => leaves(value).length > 0 === operand
  }
  return ofAny(compileOperator(operator, operand, place))
}

function compileOperator(operator: string, operand: unknown, place: string): Matcher {
  switch (operator) {
    case 'prefix':
      return textual(operand, operator, place, (text, wanted) => text.startsWith(wanted))
    case 'suffix':
      return textual(operand, operator, place, (text, wanted) => text.endsWith(wanted))
    case 'equals-ignore-case': {
      const wanted = stringAt(operand, operator, place).toLowerCase()
      return (value) => typeof value === 'string' && value.toLowerCase() === wanted
    }
    case 'wildcard': {
      const wanted = wildcard(stringAt(operand, operator, place), place)
      return (value) => typeof value === 'string' && wanted.test(value)
    }
    case 'numeric':
      return numeric(operand, place)
    case 'cidr':
      return cidr(stringAt(operand, operator, place), place)
    case 'anything-but':
      return anythingBut(operand, place)
    default:
      throw invalid(`Unrecognized match type ${operator} at ${place}`)
  }
}

function exactly(wanted: unknown, place: string): Matcher {
  if (wanted !== null && !['string', 'number', 'boolean'].includes(typeof wanted))
    throw invalid(`Match value must be String, number, true, false, or null at ${place}`)
  return (value) => value === wanted
}

/** prefix and suffix take a string, or `{"equals-ignore-case": string}`. */
function textual(
  operand: unknown,
  operator: string,
  place: string,
  test: (text: string, wanted: string) => boolean,
): Matcher {
  if (isObject(operand)) {
    const wanted = stringAt(operand['equals-ignore-case'], operator, place).toLowerCase()
    return (value) => typeof value === 'string' && test(value.toLowerCase(), wanted)
  }
  const wanted = stringAt(operand, operator, place)
  return (value) => typeof value === 'string' && test(value, wanted)
}

function anythingBut(operand: unknown, place: string): Matcher {
  if (isObject(operand)) {
    const [operator, ...more] = Object.keys(operand)
    if (operator === undefined || more.length > 0 || operator === 'anything-but' || operator === 'numeric')
      throw invalid(`anything-but takes values, prefix, suffix, equals-ignore-case or wildcard at ${place}`)
    const unwanted = [operand[operator]].flat().map((one) => compileOperator(operator, one, place))
    return (value) => value !== null && typeof value === 'string' && !unwanted.some((matches) => matches(value))
  }
  const unwanted = [operand].flat()
  if (unwanted.length === 0 || unwanted.some((one) => !['string', 'number'].includes(typeof one)))
    throw invalid(`anything-but takes strings or numbers at ${place}`)
  return (value) => !unwanted.includes(value)
}

const comparisons: Record<string, (value: number, limit: number) => boolean> = {
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '=': (value, limit) => value === limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
}

/** `[">", 0, "<=", 5]` */
function numeric(operand: unknown, place: string): Matcher {
  const operands = Array.isArray(operand) ? operand : []
  if (operands.length === 0 || operands.length % 2 === 1)
    throw invalid(`numeric takes pairs of a comparison and a number at ${place}`)
  const tests: ((value: number) => boolean)[] = []
  for (let i = 0; i < operands.length; i += 2) {
    const compare = comparisons[String(operands[i])]
    const limit = operands[i + 1]
    if (!compare || typeof limit !== 'number')
      throw invalid(`Bad numeric range ${JSON.stringify(operands)} at ${place}`)
    tests.push((value) => compare(value, limit))
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value))
}

function cidr(operand: string, place: string): Matcher {
  const [address = '', bits] = operand.split('/')
  const kind = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  const block = new BlockList()
  try {
    block.addSubnet(address, Number(bits), kind)
  } catch {
    throw invalid(`Malformed CIDR ${operand} at ${place}`)
  }
  return (value) =>
    typeof value === 'string' && isIP(value) !== 0 && block.check(value, isIP(value) === 6 ? 'ipv6' : 'ipv4')
}

/** `*` is any text, `\*` and `\\` are themselves. */
function wildcard(operand: string, place: string): RegExp {
  if (operand.includes('**')) throw invalid(`Consecutive wildcard characters at ${place}`)
  const source = operand.replace(/\\[*\\]|[\s\S]/g, (part) =>
    part === '*' ? '[\\s\\S]*?' : part.at(-1)!.replace(/[.*+?^${}()|[\]\\]/, '\\$&'),
  )
  return new RegExp(`^${source}$`)
}

const ofAny =
  (matches: Matcher): Matcher =>
  (value) =>
    leaves(value).some(matches)

/** The values at a place: elements of arrays, but no objects, which have places of their own. */
function leaves(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(leaves)
  return value === undefined || isObject(value) ? [] : [value]
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const member = (value: unknown, key: string) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined)

function objectAt(value: unknown, place: string): Json {
  if (!isObject(value)) throw invalid(`"${place}" must be an object or an array`)
  return value
}

function stringAt(value: unknown, operator: string, place: string): string {
  if (typeof value !== 'string') throw invalid(`${operator} match pattern must be a string at ${place}`)
  return value
}

const invalid = (reason: string) =>
  new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`)
