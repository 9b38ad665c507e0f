/** Java's regular expressions and date patterns in the words of DuckDB (RE2 and strftime). */
import { HiveSemanticError, HiveUnsupported, type Place } from '../errors.ts'
import type { Typed } from './typed.ts'

/** What java.util.regex has and RE2 has not (https://github.com/google/re2/wiki/Syntax). */
const BEYOND_RE2: [RegExp, string][] = [
  [/\(\?<?[=!]/, 'Lookahead and lookbehind'],
  [/\(\?>/, 'An atomic group'],
  [/\\[1-9]/, 'A back reference'],
  [/\\k</, 'A back reference'],
  [/(?:[*+?]|\})\+/, 'A possessive quantifier'],
  [/\[[^\]]*&&/, 'An intersection of character classes'],
  [/\\[hHvVNRGXZ]/, 'One of \\h \\v \\N \\R \\G \\X \\Z'],
  [/\(\?[a-z-]*[Uduc]/, 'A flag that RE2 has not, or has for something else,'],
  [/\\p\{java/, 'A Java character class'],
]

/**
 * A regular expression as RE2 reads it with the same meaning.
 *
 * @throws HiveUnsupported for what RE2 cannot do; HiveSemanticError for what is no regular expression
 */
export function javaRegex(pattern: string, at: Place): string {
  const bare = pattern.replaceAll('\\\\', '')
  const beyond = BEYOND_RE2.find(([sign]) => sign.test(bare))
  if (beyond)
    throw new HiveUnsupported(
      `${beyond[1]} in the regular expression ${JSON.stringify(pattern)} is not supported: write it without`,
      at,
    )
  try {
    new RegExp(pattern.replace(/\(\?[imsx]+\)/g, ''), 's')
  } catch (error) {
    throw new HiveSemanticError(`${JSON.stringify(pattern)} is no regular expression: ${(error as Error).message}`, at)
  }
  // Java's $ also matches before a line end at the end of the text.
  return pattern.includes('\\s') || pattern.includes('\\S') || pattern.includes('[')
    ? sameClasses(pattern, at)
    : pattern
}

/** White space holds the vertical tab in Java and not in RE2; a `[` within a class begins another one in Java and is a letter in RE2. */
function sameClasses(pattern: string, at: Place): string {
  let inClass = false
  return pattern.replace(/\\.|[[\]]/gs, (token) => {
    if (token === '\\s') return inClass ? '\\s\\x0b' : '[\\s\\x0b]'
    if (token === '\\S' && !inClass) return '[^\\s\\x0b]'
    if (token === '[' && inClass)
      throw new HiveUnsupported(
        `A class within a class in the regular expression ${JSON.stringify(pattern)} is not supported: write \\[ for the letter`,
        at,
      )
    if (token === '[') inClass = true
    else if (token === ']') inClass = false
    return token
  })
}

/** `text LIKE pattern`. Without ESCAPE, DuckDB looks for the text between the signs instead of going letter by letter. */
export function likeMatch(text: string, pattern: Typed, negated = false): string {
  const escaping = pattern.literal?.includes('\\') === false ? '' : " ESCAPE '\\'"
  return `(${text} ${negated ? 'NOT ' : ''}LIKE ${pattern.sql}${escaping})`
}

/** The text that a regular expression stands for, if it has no other meaning: `\\|` is `|`, `,` is `,`. */
export function plainText(pattern: string): string | undefined {
  const text = pattern.replace(/\\([^A-Za-z0-9])|\[([^\\^\]])\]/g, (_, escaped, single) => `\0${escaped ?? single}`)
  if (/[.*+?^$|()[\]{}\\]/.test(text.replace(/\0./gs, ''))) return undefined
  return text.replaceAll('\0', '')
}

/** Java's replacement text (`$1`, `\$`) as RE2's (`\1`). */
export function javaReplacement(text: string): string {
  return text.replace(/\\(.)|\$(\d)|\\/gs, (whole, escaped: string | undefined, group: string | undefined) => {
    if (group !== undefined) return `\\${group}`
    if (escaped !== undefined) return escaped === '\\' ? '\\\\' : escaped
    return whole
  })
}

interface PatternPart {
  readonly letter: string
  readonly count: number
  readonly text: string
}

/** The letters of a SimpleDateFormat pattern (https://docs.oracle.com/javase/8/docs/api/java/text/SimpleDateFormat.html). */
function parts(pattern: string, at: Place): PatternPart[] {
  const found: PatternPart[] = []
  for (const [whole, quoted, letters] of pattern.matchAll(/'((?:[^']|'')*)'|(([A-Za-z])\3*)|[^A-Za-z']+/g)) {
    if (letters) found.push({ letter: letters[0]!, count: letters.length, text: '' })
    else
      found.push({
        letter: '',
        count: 0,
        text: quoted === undefined ? whole : quoted === '' ? "'" : quoted.replaceAll("''", "'"),
      })
  }
  if (found.length === 0) throw new HiveSemanticError('A date pattern is empty', at)
  return found
}

const unknownLetter = (part: PatternPart, pattern: string, at: Place): HiveUnsupported =>
  new HiveUnsupported(
    `'${part.letter.repeat(part.count)}' in the date pattern ${JSON.stringify(pattern)} is not supported`,
    at,
  )

/** A SimpleDateFormat pattern for writing, as strftime has it. */
export function strftimePattern(pattern: string, at: Place): string {
  return parts(pattern, at)
    .map((part) => {
      const { letter, count, text } = part
      switch (letter) {
        case '':
          return text.replaceAll('%', '%%')
        case 'y':
        case 'u':
          if (letter === 'u' && count === 1) return '%u'
          return count === 2 ? '%y' : '%Y'
        case 'M':
          return { 1: '%-m', 2: '%m', 3: '%b' }[count] ?? '%B'
        case 'd':
          return count === 1 ? '%-d' : '%d'
        case 'D':
          return count === 1 ? '%-j' : '%j'
        case 'H':
          return count === 1 ? '%-H' : '%H'
        case 'h':
          return count === 1 ? '%-I' : '%I'
        case 'm':
          return count === 1 ? '%-M' : '%M'
        case 's':
          return count === 1 ? '%-S' : '%S'
        case 'S':
          if (count === 3) return '%g'
          break
        case 'E':
          return count > 3 ? '%A' : '%a'
        case 'a':
          return '%p'
        case 'z':
        case 'Z':
          return letter === 'z' ? 'UTC' : '+0000'
      }
      throw unknownLetter(part, pattern, at)
    })
    .join('')
}

/** How to read a date pattern leniently: a regular expression with one group a field, and what each group is. */
export interface DateReader {
  readonly regex: string
  readonly fields: readonly ('year' | 'month' | 'day' | 'hour' | 'minute' | 'second')[]
}

const READ = { y: 'year', M: 'month', d: 'day', H: 'hour', m: 'minute', s: 'second' } as const

/**
 * A SimpleDateFormat pattern for reading. Hive 3.1 reads leniently: fields count on over their range (month 13 is January of the next
 * year), text behind the pattern is ignored.
 */
export function dateReader(pattern: string, at: Place): DateReader {
  const all = parts(pattern, at)
  const fields: DateReader['fields'][number][] = []
  const regex = all.map((part, i) => {
    if (!part.letter) return part.text.replace(/[.*+?^$|()[\]{}\\]/g, '\\$&')
    const field = READ[part.letter as keyof typeof READ]
    if (!field || (part.letter === 'M' && part.count > 2) || (part.letter === 'y' && part.count === 2))
      throw unknownLetter(part, pattern, at)
    fields.push(field)
    // Numbers that touch another number have the pattern's width; others take what they find.
    const touches = all[i + 1]?.letter !== undefined && all[i + 1]!.letter !== ''
    return touches ? `(\\d{${part.count}})` : '(\\d+)'
  })
  return { regex: `^${regex.join('')}`, fields }
}
