/**
 * Intrinsic functions of the JSONPath language
 * (https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).
 */
import { createHash, randomInt, randomUUID } from 'node:crypto'
import { StatesError } from './errors.ts'
import { equalJson, isObject, type Json, textOf } from './json.ts'

/** A failure of an intrinsic function at run time. */
function fail(name: string, cause: string): never {
  throw new StatesError('States.IntrinsicFailure', `The function '${name}' ${cause}`)
}

const maxRange = 1000
const maxFormatted = 10_000
const hashes: Record<string, string> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
}

type Arguments = readonly Json[]

function array(name: string, value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : fail(name, `takes an array, but was given ${shown(value)}.`)
}

function text(name: string, value: Json | undefined): string {
  return typeof value === 'string' ? value : fail(name, `takes a string, but was given ${shown(value)}.`)
}

function number(name: string, value: Json | undefined): number {
  return typeof value === 'number' ? value : fail(name, `takes a number, but was given ${shown(value)}.`)
}

/** Whole numbers are made as Java's Math.round makes them: a half goes up, also below zero. */
function whole(name: string, value: Json | undefined): number {
  return Math.floor(number(name, value) + 0.5) + 0
}

function shown(value: Json | undefined): string {
  return value === undefined ? 'nothing' : textOf(value)
}

interface Intrinsic {
  /** How many arguments it takes. */
  readonly min: number
  readonly max: number
  run(args: Arguments): Json
}

const intrinsic = (min: number, max: number, run: Intrinsic['run']): Intrinsic => ({ min, max, run })

/** Numbers from the same seed come out the same, as `States.MathRandom(start, end, seed)` promises. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export function partition(items: Json[], size: number): Json[][] {
  const chunks: Json[][] = []
  for (let i = 0; i < items.length; i += size) chunks.push(items.slice(i, i + size))
  return chunks
}

/** From `start` to `end`, both included. */
export function range(start: number, end: number, step: number): number[] {
  const numbers: number[] = []
  for (let value = start; step > 0 ? value <= end : value >= end; value += step) numbers.push(value)
  return numbers
}

export function hash(value: string, algorithm: string): string | undefined {
  const name = hashes[algorithm]
  return name && createHash(name).update(value).digest('hex')
}

/** The functions by name, without `States.`. */
export const intrinsics: Readonly<Record<string, Intrinsic>> = {
  Array: intrinsic(0, Number.POSITIVE_INFINITY, (args) => [...args]),
  ArrayPartition: intrinsic(2, 2, ([items, size]) => {
    const chunk = whole('States.ArrayPartition', size)
    if (chunk <= 0) fail('States.ArrayPartition', `takes a chunk size of one or more, but was given ${chunk}.`)
    return partition(array('States.ArrayPartition', items), chunk)
  }),
  ArrayContains: intrinsic(2, 2, ([items, wanted]) =>
    array('States.ArrayContains', items).some((item) => equalJson(item, wanted ?? null)),
  ),
  ArrayRange: intrinsic(3, 3, ([first, last, step]) => {
    const [start, end, increment] = [first, last, step].map((value) => whole('States.ArrayRange', value)) as [
      number,
      number,
      number,
    ]
    if (increment === 0) fail('States.ArrayRange', 'takes an increment other than 0.')
    if ((end - start) / increment >= maxRange) fail('States.ArrayRange', `makes at most ${maxRange} elements.`)
    return range(start, end, increment)
  }),
  ArrayGetItem: intrinsic(2, 2, ([items, index]) => {
    const list = array('States.ArrayGetItem', items)
    const at = whole('States.ArrayGetItem', index)
    return list[at] ?? (at in list ? null : fail('States.ArrayGetItem', `finds no element ${at} in ${textOf(list)}.`))
  }),
  ArrayLength: intrinsic(1, 1, ([items]) => array('States.ArrayLength', items).length),
  ArrayUnique: intrinsic(1, 1, ([items]) => {
    const unique: Json[] = []
    for (const item of array('States.ArrayUnique', items))
      if (!unique.some((other) => equalJson(item, other))) unique.push(item)
    return unique
  }),
  Base64Encode: intrinsic(1, 1, ([value]) => {
    const plain = text('States.Base64Encode', value)
    if (plain.length > maxFormatted) fail('States.Base64Encode', `takes at most ${maxFormatted} characters.`)
    return Buffer.from(plain).toString('base64')
  }),
  Base64Decode: intrinsic(1, 1, ([value]) => {
    const encoded = text('States.Base64Decode', value)
    if (encoded.length > maxFormatted) fail('States.Base64Decode', `takes at most ${maxFormatted} characters.`)
    return Buffer.from(encoded, 'base64').toString()
  }),
  Hash: intrinsic(2, 2, ([value, algorithm]) => {
    const data = value !== undefined && typeof value !== 'string' ? textOf(value) : text('States.Hash', value)
    if (data.length > maxFormatted) fail('States.Hash', `takes at most ${maxFormatted} characters.`)
    const name = text('States.Hash', algorithm)
    return hash(data, name) ?? fail('States.Hash', `knows no algorithm ${name}.`)
  }),
  JsonMerge: intrinsic(3, 3, ([first, second, deep]) => {
    if (!isObject(first) || !isObject(second)) fail('States.JsonMerge', 'takes two JSON objects.')
    if (deep !== false) fail('States.JsonMerge', 'supports only the shallow merging mode (false).')
    return { ...(first as object), ...(second as object) } as Json
  }),
  StringToJson: intrinsic(1, 1, ([value]) => {
    const source = text('States.StringToJson', value)
    if (source.trim() === '') return null
    try {
      return JSON.parse(source) as Json
    } catch {
      return fail('States.StringToJson', `cannot parse ${source}.`)
    }
  }),
  JsonToString: intrinsic(1, 1, ([value]) => JSON.stringify(value ?? null)),
  MathRandom: intrinsic(2, 3, ([first, last, seed]) => {
    const start = whole('States.MathRandom', first)
    const end = whole('States.MathRandom', last)
    if (end <= start) fail('States.MathRandom', `takes an end beyond its start, but was given ${start} and ${end}.`)
    if (seed === undefined) return start + (end - start <= 2 ** 47 ? randomInt(end - start) : 0)
    return start + Math.floor(seededRandom(whole('States.MathRandom', seed))() * (end - start))
  }),
  MathAdd: intrinsic(2, 2, ([a, b]) => whole('States.MathAdd', a) + whole('States.MathAdd', b)),
  StringSplit: intrinsic(2, 2, ([value, delimiters]) => {
    const separators = new Set(text('States.StringSplit', delimiters))
    const parts: string[] = []
    let part = ''
    for (const char of text('States.StringSplit', value)) {
      if (!separators.has(char)) part += char
      else if (part) {
        parts.push(part)
        part = ''
      }
    }
    if (part) parts.push(part)
    return parts
  }),
  UUID: intrinsic(0, 0, () => randomUUID()),
  Format: intrinsic(1, Number.POSITIVE_INFINITY, ([template, ...values]) => {
    const pattern = text('States.Format', template)
    let used = 0
    const result = pattern.replace(/\\([{}'\\])|\{\}/g, (match, escaped: string | undefined) => {
      if (escaped) return escaped
      if (used >= values.length) fail('States.Format', `has more places than values in '${pattern}'.`)
      const value = values[used++]!
      return match && typeof value === 'string' ? value : textOf(value)
    })
    if (used < values.length) fail('States.Format', `has fewer places than values in '${pattern}'.`)
    return result
  }),
}
