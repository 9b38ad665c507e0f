/**
 * Functions over text. NULL in gives NULL out unless a comment says otherwise; positions and lengths count code points
 * (flink-table-runtime …/functions/SqlFunctionUtils.java, flink-table-common …/data/binary/BinaryStringDataUtil.java, and
 * https://nightlies.apache.org/flink/flink-docs-release-2.2/docs/dev/table/functions/systemfunctions/#string-functions).
 */
import { createHash } from 'node:crypto'
import { BOOLEAN, INT, isInteger, isText, type LogicalType, STRING, typeText } from '../types.ts'
import { checkLength } from '../values/text-length.ts'
import type { Compute, ScalarFunction } from './signature.ts'

type Kind = 'text' | 'integer'

function check(kinds: Kind[], types: LogicalType[]): string | undefined {
  for (const [i, type] of types.entries()) {
    const kind = kinds[Math.min(i, kinds.length - 1)]
    if (type.name === 'NULL') continue
    if (kind === 'text' && !isText(type))
      return `Argument ${i + 1} must be text, and is ${typeText(type)}: CAST it AS STRING.`
    if (kind === 'integer' && (!isInteger(type) || type.name === 'BIGINT'))
      return `Argument ${i + 1} must be an INT, and is ${typeText(type)}.`
  }
  return undefined
}

/** `kinds` names the arguments' kinds; the last one holds for all that follow. */
function define(
  arity: [number, number],
  kinds: Kind[],
  type: LogicalType,
  compute: Compute,
  withNulls = false,
): ScalarFunction {
  return { arity, build: (types) => check(kinds, types) ?? { type, compute, withNulls } }
}

const text = (arity: [number, number], kinds: Kind[], compute: Compute) => define(arity, kinds, STRING, compute)

/** Without surrogates, code points are the units that JavaScript counts. */
const points = (value: string): string | string[] => (/[\ud800-\udfff]/.test(value) ? [...value] : value)
const join = (value: string | string[]) => (typeof value === 'string' ? value : value.join(''))

/** BinaryStringDataUtil.substringSQL: 0 counts as 1, negative positions from the end, a negative length gives NULL. */
function substring(value: string, position: number, length = 2_147_483_647): string | null {
  if (length < 0) return null
  const all = points(value)
  let start = position > 0 ? position - 1 : position
  if (start < 0) start += all.length
  if (start < 0 || start >= all.length) return ''
  return join(all.slice(start, start + length))
}

function pad(value: string, length: number, fill: string, left: boolean): string | null {
  checkLength(length)
  // SqlFunctionUtils.lpad counts UTF-16 units.
  if (length < 0 || fill === '') return null
  if (value.length >= length) return value.slice(0, length)
  return left ? value.padStart(length, fill) : value.padEnd(length, fill)
}

function trim(value: string, where: string, characters: string): string {
  const set = new Set(characters)
  const all = [...value]
  let [start, end] = [0, all.length]
  if (where !== 'TRAILING') while (start < end && set.has(all[start]!)) start++
  if (where !== 'LEADING') while (end > start && set.has(all[end - 1]!)) end--
  return all.slice(start, end).join('')
}

/** Java's replaceAll with a quoted replacement, on a pattern in JavaScript's dialect. A broken pattern gives NULL. */
const patterns = new Map<string, RegExp | null>()

function patternOf(source: string): RegExp | null {
  let pattern = patterns.get(source)
  if (pattern === undefined) {
    try {
      pattern = new RegExp(source, 'u')
    } catch {
      pattern = null
    }
    if (patterns.size > 1000) patterns.clear()
    patterns.set(source, pattern)
  }
  return pattern
}

function regexpExtract(value: string, source: string, group = 0): string | null {
  const found = patternOf(source)?.exec(value)
  return found?.[group] ?? null
}

function regexpReplace(value: string, source: string, replacement: string): string | null {
  const pattern = patternOf(source)
  return pattern ? value.replace(new RegExp(pattern.source, 'gu'), () => replacement) : null
}

function initcap(value: string): string {
  return value.toLowerCase().replace(/[\p{L}\p{N}]+/gu, (word) => word[0]!.toUpperCase() + word.slice(1))
}

const hash = (algorithm: string): ScalarFunction =>
  text([1, 1], ['text'], (value) =>
    createHash(algorithm)
      .update(value as string)
      .digest('hex'),
  )

const length = define([1, 1], ['text'], INT, (value) => points(value as string).length)
const substringFunction = text([2, 3], ['text', 'integer'], (value, position, size) =>
  substring(value as string, position as number, size as number | undefined),
)

export const textFunctions: Record<string, ScalarFunction> = {
  UPPER: text([1, 1], ['text'], (value) => (value as string).toUpperCase()),
  LOWER: text([1, 1], ['text'], (value) => (value as string).toLowerCase()),
  /** The parser writes TRIM's words as further arguments: text, BOTH | LEADING | TRAILING, characters. */
  TRIM: text([3, 3], ['text'], (value, where, characters) =>
    trim(value as string, where as string, characters as string),
  ),
  LTRIM: text([1, 2], ['text'], (value, characters = ' ') => trim(value as string, 'LEADING', characters as string)),
  RTRIM: text([1, 2], ['text'], (value, characters = ' ') => trim(value as string, 'TRAILING', characters as string)),
  BTRIM: text([1, 2], ['text'], (value, characters = ' ') => trim(value as string, 'BOTH', characters as string)),
  CHAR_LENGTH: length,
  CHARACTER_LENGTH: length,
  CONCAT: text([1, 255], ['text'], (...values) => values.join('')),
  /** NULLs among the parts are left out; a NULL separator makes all NULL. */
  CONCAT_WS: define(
    [2, 255],
    ['text'],
    STRING,
    (separator, ...values) =>
      separator === null ? null : values.filter((value) => value !== null).join(separator as string),
    true,
  ),
  REPLACE: text([3, 3], ['text'], (value, from, to) =>
    (value as string).replaceAll(from as string, () => to as string),
  ),
  SUBSTRING: substringFunction,
  SUBSTR: substringFunction,
  LEFT: text([2, 2], ['text', 'integer'], (value, count) =>
    (count as number) <= 0 ? '' : join(points(value as string).slice(0, count as number)),
  ),
  RIGHT: text([2, 2], ['text', 'integer'], (value, count) =>
    (count as number) <= 0 ? '' : join(points(value as string).slice(-(count as number))),
  ),
  LPAD: text([3, 3], ['text', 'integer', 'text'], (value, size, fill) =>
    pad(value as string, size as number, fill as string, true),
  ),
  RPAD: text([3, 3], ['text', 'integer', 'text'], (value, size, fill) =>
    pad(value as string, size as number, fill as string, false),
  ),
  POSITION: define([2, 2], ['text'], INT, (part, whole) => {
    const at = (whole as string).indexOf(part as string)
    return at < 0 ? 0 : points((whole as string).slice(0, at)).length + 1
  }),
  REVERSE: text([1, 1], ['text'], (value) => [...(value as string)].reverse().join('')),
  REPEAT: text([2, 2], ['text', 'integer'], (value, count) => {
    const times = Math.max(0, count as number)
    checkLength((value as string).length * times)
    return (value as string).repeat(times)
  }),
  INITCAP: text([1, 1], ['text'], (value) => initcap(value as string)),
  SPLIT_INDEX: text([3, 3], ['text', 'text', 'integer'], (value, separator, index) => {
    if ((index as number) < 0) return null
    // StringUtils.splitByWholeSeparatorPreserveAllTokens("") has no tokens.
    return value === '' ? null : ((value as string).split(separator as string)[index as number] ?? null)
  }),
  REGEXP: define([2, 2], ['text'], BOOLEAN, (value, source) =>
    source === '' ? false : (patternOf(source as string)?.test(value as string) ?? false),
  ),
  REGEXP_EXTRACT: text([2, 3], ['text', 'text', 'integer'], (value, source, group) =>
    regexpExtract(value as string, source as string, group as number | undefined),
  ),
  REGEXP_REPLACE: text([3, 3], ['text'], (value, source, replacement) =>
    regexpReplace(value as string, source as string, replacement as string),
  ),
  MD5: hash('md5'),
  SHA1: hash('sha1'),
  SHA256: hash('sha256'),
}
