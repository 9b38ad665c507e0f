/** String functions (https://cwiki.apache.org/confluence/display/Hive/LanguageManual+UDF). */
import { array, BINARY, BOOLEAN, DOUBLE, INT, isText, map, STRING } from '../../types.ts'
import { convert } from '../casts.ts'
import { javaRegex, javaReplacement, likeMatch, plainText } from '../patterns.ts'
import { quote, type Typed } from '../typed.ts'
import {
  asInt,
  asText,
  define,
  type FunctionCall,
  type Functions,
  literal,
  simple,
  wrongArgument,
} from './definition.ts'

/** A pattern argument: checked if it is a literal. */
const regex = (call: FunctionCall, i: number): string => {
  const pattern = call.arguments[i]!.literal
  return pattern === undefined ? asText(call, i) : quote(javaRegex(pattern, call))
}

/** Several known texts are one known text, so that a long pattern can be written in pieces. */
const known = (values: readonly Typed[], join: (texts: string[]) => string): Typed | undefined =>
  values.every((v) => v.literal !== undefined && isText(v.type))
    ? textLiteral(join(values.map((v) => v.literal!)))
    : undefined

export const textLiteral = (text: string): Typed => ({ sql: quote(text), type: STRING, literal: text })

const concatenation = define([1, 64], (call) => {
  const folded = known(call.arguments, (texts) => texts.join(''))
  return folded ?? { sql: `(${call.arguments.map((_, i) => asText(call, i)).join(' || ')})`, type: STRING }
})

const substring = define([2, 3], (call) => ({
  sql:
    constantSubstring(call) ??
    `hive_substr(${asText(call, 0)}, ${asInt(call, 1)}, ${call.arguments[2] ? asInt(call, 2) : 2147483647})`,
  type: STRING,
}))

/** The usual `substr(x, 1, 4)` needs none of the special cases. */
function constantSubstring(call: FunctionCall): string | undefined {
  const start = Number(call.arguments[1]!.literal ?? Number.NaN)
  const length = call.arguments[2] ? Number(call.arguments[2].literal ?? Number.NaN) : 2147483647
  if (!(start >= 0) || !(length > 0)) return undefined
  return `substr(${asText(call, 0)}, ${Math.max(start, 1)}${call.arguments[2] ? `, ${length}` : ''})`
}

const trimmed = (duck: string) => simple([STRING], STRING, (s) => `${duck}(${s}, ' ')`)

export const TEXT: Functions = {
  // The first byte, which Java has signed.
  ascii: simple(
    [STRING],
    INT,
    (s) =>
      `hive_wrap_tinyint(CASE WHEN ${s} = '' THEN 0 ELSE CAST('0x' || left(hex(${s}), 2) AS INTEGER) END)::INTEGER`,
  ),
  base64: simple([BINARY], STRING, (s) => `to_base64(${s})`),
  unbase64: simple([STRING], BINARY, (s) => `from_base64(${s})`),
  chr: define(1, (call) => ({ sql: `chr(CAST(${asInt(call, 0)} % 256 AS INTEGER))`, type: STRING })),
  concat: concatenation,
  concat_ws: define([2, 64], (call) => {
    const [separator, ...values] = call.arguments
    const folded = known([separator!, ...values], ([first, ...rest]) => rest.join(first))
    if (folded) return folded
    const lists = values.map((value, i) => {
      // Hive skips an argument that is NULL, but writes the word for an element that is.
      if (value.type.kind === 'array') return `list_transform(${value.sql}, lambda x: coalesce(x, 'null'))`
      return `[${asText(call, i + 1)}]`
    })
    const joined = lists.length === 1 ? lists[0] : `list_concat(${lists.join(', ')})`
    const all = values.every((v) => v.type.kind !== 'array')
    return {
      sql: all
        ? `concat_ws(${[separator!, ...values].map((_, i) => asText(call, i)).join(', ')})`
        : `array_to_string(${joined}, ${asText(call, 0)})`,
      type: STRING,
    }
  }),
  decode: define(2, (call) => ({ sql: `decode(${convert(call.arguments[0]!, BINARY, call).sql})`, type: STRING })),
  elt: define([2, 64], (call) => ({
    sql: `CASE ${asInt(call, 0)} ${call.arguments
      .slice(1)
      .map((_, i) => `WHEN ${i + 1} THEN ${asText(call, i + 1)}`)
      .join(' ')} END`,
    type: STRING,
  })),
  field: define([2, 64], (call) => ({
    sql: `CASE ${asText(call, 0)} ${call.arguments
      .slice(1)
      .map((_, i) => `WHEN ${asText(call, i + 1)} THEN ${i + 1}`)
      .join(' ')} ELSE 0 END`,
    type: INT,
  })),
  find_in_set: simple(
    [STRING, STRING],
    INT,
    (s, list) =>
      `CASE WHEN contains(${s}, ',') THEN 0 ELSE coalesce(CAST(list_position(string_split(${list}, ','), ${s}) AS INTEGER), CASE WHEN ${s} IS NULL OR ${list} IS NULL THEN NULL ELSE 0 END) END`,
  ),
  format_number: define(2, (call) => ({
    sql: `format('{:,.' || ${asInt(call, 1)} || 'f}', ${convert(call.arguments[0]!, DOUBLE, call).sql})`,
    type: STRING,
  })),
  get_json_object: define(2, (call) => ({
    sql: `(CASE WHEN json_valid(${asText(call, 0)}) THEN json_extract_string(${asText(call, 0)}, ${asText(call, 1)}) END)`,
    type: STRING,
  })),
  initcap: simple([STRING], STRING, (s) => `hive_initcap(${s})`),
  instr: simple([STRING, STRING], INT, (s, sub) => `CAST(instr(${s}, ${sub}) AS INTEGER)`),
  length: define(1, (call) =>
    call.arguments[0]!.type.kind === 'binary'
      ? { sql: `CAST(octet_length(${call.arguments[0]!.sql}) AS INTEGER)`, type: INT }
      : { sql: `CAST(length(${asText(call, 0)}) AS INTEGER)`, type: INT },
  ),
  levenshtein: simple([STRING, STRING], INT, (a, b) => `CAST(levenshtein(${a}, ${b}) AS INTEGER)`),
  locate: define([2, 3], (call) => {
    const [sub, text] = [asText(call, 0), asText(call, 1)]
    if (!call.arguments[2]) return { sql: `CAST(instr(${text}, ${sub}) AS INTEGER)`, type: INT }
    const from = asInt(call, 2)
    return {
      sql: `CAST(CASE WHEN instr(substr(${text}, ${from}), ${sub}) = 0 THEN 0 ELSE instr(substr(${text}, ${from}), ${sub}) + ${from} - 1 END AS INTEGER)`,
      type: INT,
    }
  }),
  lower: simple([STRING], STRING, (s) => `lower(${s})`),
  lpad: simple([STRING, INT, STRING], STRING, (s, n, p) => `hive_lpad(${s}, ${n}, ${p})`),
  ltrim: trimmed('ltrim'),
  md5: simple([STRING], STRING, (s) => `md5(${s})`),
  parse_url: define([2, 3], (call) => {
    throw wrongArgument(call, 0, 'parsed with regexp_extract: parse_url is not supported')
  }),
  regexp_extract: define([2, 3], (call) => ({
    sql: `regexp_extract(${asText(call, 0)}, ${regex(call, 1)}, ${groupNumber(call)}, 's')`,
    type: STRING,
  })),
  regexp_replace: define(3, (call) => {
    const plain = call.arguments[1]!.literal === undefined ? undefined : plainText(call.arguments[1]!.literal)
    const by = call.arguments[2]!.literal
    if (plain && by !== undefined && !/[\\$]/.test(by))
      return { sql: `replace(${asText(call, 0)}, ${quote(plain)}, ${quote(by)})`, type: STRING }
    const replacement = by === undefined ? `replace(${asText(call, 2)}, '\\', '\\\\')` : quote(javaReplacement(by))
    return { sql: `regexp_replace(${asText(call, 0)}, ${regex(call, 1)}, ${replacement}, 'g')`, type: STRING }
  }),
  repeat: simple([STRING, INT], STRING, (s, n) => `repeat(${s}, ${n})`),
  replace: simple([STRING, STRING, STRING], STRING, (s, a, b) => `replace(${s}, ${a}, ${b})`),
  reverse: simple([STRING], STRING, (s) => `reverse(${s})`),
  rpad: simple([STRING, INT, STRING], STRING, (s, n, p) => `hive_rpad(${s}, ${n}, ${p})`),
  rtrim: trimmed('rtrim'),
  sha2: define(2, (call) => {
    const bits = call.arguments[1]!.literal
    if (bits !== '256' && bits !== '0') throw wrongArgument(call, 1, 'the literal 256 (or 0)')
    return { sql: `sha256(${asText(call, 0)})`, type: STRING }
  }),
  sha: simple([STRING], STRING, (s) => `sha1(${s})`),
  space: simple([INT], STRING, (n) => `repeat(' ', ${n})`),
  split: define(2, (call) => {
    const pattern = call.arguments[1]!.literal
    const plain = pattern === undefined ? undefined : plainText(pattern)
    return plain
      ? { sql: `string_split(${asText(call, 0)}, ${quote(plain)})`, type: array(STRING) }
      : { sql: `string_split_regex(${asText(call, 0)}, ${regex(call, 1)})`, type: array(STRING) }
  }),
  str_to_map: define([1, 3], (call) => {
    const [pair, key] = [
      call.arguments[1] ? literal(call, 1, 'the delimiter') : ',',
      call.arguments[2] ? literal(call, 2, 'the delimiter') : ':',
    ]
    return {
      sql: `map_from_entries(list_transform(string_split(${asText(call, 0)}, ${quote(pair)}), lambda p: {'k': split_part(p, ${quote(key)}, 1), 'v': CASE WHEN contains(p, ${quote(key)}) THEN split_part(p, ${quote(key)}, 2) END}))`,
      type: map(STRING, STRING),
    }
  }),
  substr: substring,
  substring,
  substring_index: simple(
    [STRING, STRING, INT],
    STRING,
    (s, d, n) =>
      `CASE WHEN ${n} >= 0 THEN array_to_string(string_split(${s}, ${d})[1:${n}], ${d}) ELSE array_to_string(list_reverse(list_reverse(string_split(${s}, ${d}))[1:-(${n})]), ${d}) END`,
  ),
  translate: simple([STRING, STRING, STRING], STRING, (s, a, b) => `translate(${s}, ${a}, ${b})`),
  trim: trimmed('trim'),
  upper: simple([STRING], STRING, (s) => `upper(${s})`),
  ucase: simple([STRING], STRING, (s) => `upper(${s})`),
  lcase: simple([STRING], STRING, (s) => `lower(${s})`),
  character_length: simple([STRING], INT, (s) => `CAST(length(${s}) AS INTEGER)`),
  octet_length: simple([STRING], INT, (s) => `CAST(strlen(${s}) AS INTEGER)`),
  like: define(2, (call) => ({
    sql: likeMatch(asText(call, 0), convert(call.arguments[1]!, STRING, call)),
    type: BOOLEAN,
  })),
}

function groupNumber(call: FunctionCall): string {
  const group = call.arguments[2]
  if (!group) return '1'
  if (group.literal === undefined) throw wrongArgument(call, 2, 'the literal number of a group')
  return group.literal
}
