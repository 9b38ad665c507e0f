/**
 * A Redshift query as DuckDB SQL. The text keeps its line structure, so that an error's line still means the writer's line.
 * What differs silently between the two engines is listed in README.md of this folder.
 */
import { WarehouseObjectError, WarehouseUnsupportedError } from './errors.ts'
import { FUNCTIONS } from './functions.ts'
import { refuseOutside } from './outside.ts'
import { literal, type Token } from './tokens.ts'
import { type Group, isGroup, isSymbol, isWord, type Node, splitCommas } from './tree.ts'
import { duckType, type RedshiftType, redshiftType } from './types.ts'

/** Named values for `:name`. They are put in as untyped literals, because Redshift infers a parameter's type from where it stands. */
export type Parameters = ReadonlyMap<string, string>

/** @throws WarehouseError for a construct that has no counterpart, or a parameter without a value */
export function rewrite(nodes: readonly Node[], parameters: Parameters = new Map()): string {
  return new Rewriter(parameters).list(nodes)
}

const SYSTEM_SCHEMAS = new Set(['pg_catalog'])
const SYSTEM_VIEWS = new Set([
  'pg_table_def',
  'svv_table_info',
  'stl_load_errors',
  'sys_load_history',
  'sys_load_error_detail',
])

/** Words before a parenthesis that do not make it a function's arguments. */
const NO_FUNCTION = (
  'select where and or in on by then else when as not case from having values distinct using limit set between like ilike is union all ' +
  'except intersect minus over any some exists returning'
).split(' ')

/** Functions with FROM among their arguments. */
const WITH_FROM = ['trim', 'extract', 'substring', 'position', 'overlay']

const INTEGERS = new Set(['smallint', 'integer', 'bigint'])

/** Words that go on with a call: `SUM(x) FILTER (...) OVER (...)`. */
const BEHIND_CALL = ['over', 'filter', 'within']

class Rewriter {
  readonly #parameters: Parameters

  constructor(parameters: Parameters) {
    this.#parameters = parameters
  }

  /** @param argument whether the nodes are arguments among which FROM may stand, as in `TRIM('x' FROM name)` */
  list(nodes: readonly Node[], argument = false): string {
    refuseOutside(nodes, argument)
    let out = ''
    /** LIMIT clauses of TOP that wait for the end of their SELECT. */
    let top = ''
    /** Where the last operand began, for `operand::varchar(3)`. */
    let operand = 0
    /** Where the divisor that is being read began. */
    let divisor: number | undefined
    const closeDivisor = (end: number) => {
      if (divisor !== undefined && end > divisor)
        out = `${out.slice(0, divisor)}${divisorSql(out.slice(divisor, end))}${out.slice(end)}`
      divisor = undefined
    }
    for (let at = 0; at < nodes.length; at++) {
      const node = nodes[at] as Node
      const next = nodes[at + 1]
      const before = out.length
      const afterDot = isSymbol(nodes[at - 1], '.')
      let continuesOperand = afterDot || isSymbol(node, '.', '::')

      if (isGroup(node)) {
        out += `${node.open.lead}(${this.list(node.items, isWord(nodes[at - 1], ...WITH_FROM))}${node.close.lead})`
        continuesOperand = isWord(nodes[at - 1]) && !isWord(nodes[at - 1], ...NO_FUNCTION)
      } else if (isSymbol(node, '::')) {
        const type = this.#type(nodes, at + 1)
        out = `${out.slice(0, operand)}${cast(out.slice(operand), type.type)}`
        at = type.last
      } else if (node.kind === 'word' && !afterDot && isGroup(next) && this.#isCall(node)) {
        const [text, last] = this.#call(nodes, at)
        out += node.lead + text
        at = last
      } else if (isWord(node, 'select')) {
        out += node.lead + node.text
        const [limit, last] = this.#top(nodes, at)
        if (limit) {
          top = limit
          // DISTINCT or ALL may stand between SELECT and TOP.
          for (const word of nodes.slice(at + 1, last)) if (isWord(word, 'distinct', 'all')) out += ` ${word.text}`
          at = last
        }
      } else if (isWord(node, 'union', 'intersect', 'except', 'minus')) {
        out += `${top}${node.lead}${node.value === 'minus' ? 'EXCEPT' : node.text}`
        top = ''
      } else if (isWord(node, 'sysdate') && !afterDot && !isSymbol(next, '.')) {
        out += `${node.lead}CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)`
      } else if (isWord(node, 'approximate') && isWord(next, 'count')) {
        const [text, last] = this.#approximate(nodes, at)
        out += node.lead + text
        at = last
      } else if (isSymbol(node, '~', '~*', '!~', '!~*')) {
        const [text, last] = this.#matches(nodes, at)
        out += node.lead + text
        at = last
      } else if (isWord(node, 'similar') && isWord(next, 'to')) {
        throw new WarehouseUnsupportedError('SIMILAR TO', { position: node.start + 1, hint: 'Use ~ or LIKE.' })
      } else if (isWord(node, ...SYSTEM_SCHEMAS) && isSymbol(next, '.') && isWord(nodes[at + 2], ...SYSTEM_VIEWS)) {
        out += node.lead
        at++
      } else if (node.kind === 'string' && isWord(nodes[at - 1], 'like', 'ilike') && node.value.includes('\\')) {
        // A backslash escapes in patterns unless ESCAPE says otherwise; in DuckDB nothing does.
        out += this.token(node) + (isWord(next, 'escape') || isSymbol(next, '||') ? '' : " ESCAPE '\\'")
      } else out += this.token(node)

      if (continuesOperand || isWord(node, ...BEHIND_CALL) || isWord(nodes[at - 1], ...BEHIND_CALL)) continue
      if (isGroup(node) && isWord(nodes[at - 1], 'group') && isWord(nodes[at - 2], 'within')) continue
      if (operand !== before + leadLength(node) && divisor !== undefined && divisor < before) {
        const added = out.length
        closeDivisor(before)
        operand = before + leadLength(node) + out.length - added
      } else operand = before + leadLength(node)
      if (isSymbol(node, '/', '%')) divisor = isSign(next) || isWord(next, 'case') ? undefined : out.length
    }
    closeDivisor(out.length)
    return out + top
  }

  token(token: Token): string {
    switch (token.kind) {
      case 'string':
        return token.lead + literal(token.value)
      case 'parameter': {
        const value = this.#parameters.get(token.value)
        if (value === undefined) {
          throw new WarehouseObjectError('42P02', `there is no parameter :${token.value}`, {
            position: token.start + 1,
          })
        }
        return token.lead + literal(value)
      }
      case 'quoted':
        // Redshift folds quoted names to lower case too (enable_case_sensitive_identifier is off by default).
        return `${token.lead}"${token.value.toLowerCase().replaceAll('"', '""')}"`
      case 'word':
        return token.lead + (token.value.startsWith('#') ? `"${token.value}"` : token.text)
      default:
        return token.lead + token.text
    }
  }

  #isCall(word: Token): boolean {
    return word.value in FUNCTIONS || ['cast', 'convert', 'listagg', 'avg'].includes(word.value)
  }

  #call(nodes: readonly Node[], at: number): [text: string, last: number] {
    const name = nodes[at] as Token
    const group = nodes[at + 1] as Group
    switch (name.value) {
      case 'cast': {
        const as = group.items.findLastIndex((item) => isWord(item, 'as'))
        if (as < 0) break
        const { type } = this.#type(group.items, as + 1)
        return [cast(this.list(group.items.slice(0, as)), type), at + 1]
      }
      case 'convert': {
        const [target = [], value = []] = splitCommas(group.items)
        return [cast(this.list(value), this.#type(target, 0).type), at + 1]
      }
      case 'listagg':
        return this.#listagg(nodes, at)
      case 'avg':
        return this.#average(nodes, at)
      default: {
        const parts = splitCommas(group.items)
        const rewritten = (FUNCTIONS[name.value] as (typeof FUNCTIONS)[string])({
          name,
          nodes: parts,
          arguments: parts.map((part) => this.list(part).trim()),
        })
        return [rewritten, at + 1]
      }
    }
    return [name.text, at]
  }

  /** `LISTAGG([DISTINCT] value [, delimiter]) [WITHIN GROUP (ORDER BY ...)]` */
  #listagg(nodes: readonly Node[], at: number): [string, number] {
    const [value = [], delimiter] = splitCommas((nodes[at + 1] as Group).items)
    const distinct = isWord(value[0], 'distinct')
    const text = this.list(distinct ? value.slice(1) : value).trim()
    let last = at + 1
    let order = ''
    const within = nodes[at + 4]
    if (isWord(nodes[at + 2], 'within') && isWord(nodes[at + 3], 'group') && isGroup(within)) {
      order = ` ${this.list(within.items).trim()}`
      last = at + 4
    }
    const between = delimiter ? this.list(delimiter).trim() : "''"
    return [`string_agg(${distinct ? 'DISTINCT ' : ''}CAST(${text} AS VARCHAR), ${between}${order})`, last]
  }

  /** The average of integers is an integer on Redshift: https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html */
  #average(nodes: readonly Node[], at: number): [string, number] {
    const inner = this.list((nodes[at + 1] as Group).items).trim()
    const over = isWord(nodes[at + 2], 'over') && nodes[at + 3] ? ` OVER ${this.list([nodes[at + 3] as Node])}` : ''
    return [`(sum(${inner})${over} / count(${inner})${over})`, over ? at + 3 : at + 1]
  }

  #approximate(nodes: readonly Node[], at: number): [string, number] {
    const group = nodes[at + 2]
    if (!isGroup(group) || !isWord(group.items[0], 'distinct')) {
      throw new WarehouseUnsupportedError('APPROXIMATE without COUNT(DISTINCT ...)', {
        position: (nodes[at] as Token).start + 1,
      })
    }
    return [`approx_count_distinct(${this.list(group.items.slice(1)).trim()})`, at + 2]
  }

  /** Redshift's `~` finds the pattern anywhere in the text, DuckDB's wants the whole text to match. */
  #matches(nodes: readonly Node[], at: number): [string, number] {
    const operator = (nodes[at] as Token).text
    const right = nodes[at + 1]
    if (!right) return [operator, at]
    const flags = operator.endsWith('*') ? '(?is)' : '(?s)'
    const negated = operator.startsWith('!') ? '!~' : '~'
    const takesGroup = isWord(right) && isGroup(nodes[at + 2])
    const pattern = this.list(nodes.slice(at + 1, at + (takesGroup ? 3 : 2))).trim()
    return [`${negated} ('${flags}.*(?:' || ${pattern} || ').*')`, at + (takesGroup ? 2 : 1)]
  }

  /** `SELECT [DISTINCT | ALL] TOP n`: the LIMIT to add, and the index of the number. */
  #top(nodes: readonly Node[], at: number): [string | undefined, number] {
    let index = at + 1
    while (isWord(nodes[index], 'distinct', 'all')) index++
    const count = nodes[index + 1]
    if (!isWord(nodes[index], 'top') || count?.kind !== 'number') return [undefined, at]
    return [`\nLIMIT ${count.text}`, index + 1]
  }

  /** A type name at `at`, with its length: `character varying(60)`, `timestamp without time zone`. */
  #type(nodes: readonly Node[], at: number): { type: RedshiftType; last: number } {
    const first = nodes[at]
    for (let words = 4; words >= 1; words--) {
      const slice = nodes.slice(at, at + words)
      if (slice.length < words || !slice.every((node) => isWord(node))) continue
      const name = slice.map((node) => (node as Token).value).join(' ')
      const group = nodes[at + words]
      const lengths = isGroup(group) ? splitCommas(group.items).map((part) => this.list(part).trim()) : []
      const type = redshiftType(name, lengths)
      if (type) return { type, last: at + words - 1 + (isGroup(group) ? 1 : 0) }
    }
    const token = first && !isGroup(first) ? first : undefined
    throw new WarehouseObjectError('42704', `type "${token?.text ?? ''}" does not exist`, {
      ...(token ? { position: token.start + 1 } : {}),
    })
  }
}

/** An explicit cast to a text type cuts the text, without an error; CHAR values are kept without trailing blanks. */
function cast(value: string, type: RedshiftType): string {
  const text = value.trim()
  // DuckDB takes '12.7', '1e3', '0x10' and '1_000' for integers. What is more than a name or a literal would be evaluated several times.
  if (INTEGERS.has(type.name) && /^(?:[\w."]+|'[^']*')$/.test(text) && !/^[\d.]+$/.test(text)) {
    const fault = `error('invalid input syntax for type ${type.name}: "' || CAST(${text} AS VARCHAR) || '"')`
    const whole = `regexp_full_match(CAST(${text} AS VARCHAR), '\\s*[+-]?[0-9]+\\s*')`
    return `CAST(CASE WHEN typeof(${text}) = 'VARCHAR' AND NOT ${whole} THEN ${fault} ELSE ${text} END AS ${duckType(type)})`
  }
  const plain = `CAST(${text} AS ${duckType(type)})`
  if (type.name === 'character') return `rtrim(left(${plain}, ${type.length ?? 1}), ' ')`
  if (type.name !== 'character varying') return plain
  return (type.length ?? 256) >= 65_535 ? plain : `left(${plain}, ${type.length})`
}

/** Dividing by zero is an error on Redshift, and NULL in DuckDB. A number as it stands needs no question. */
function divisorSql(text: string): string {
  const value = text.trim()
  if (/^\d*\.?\d+$/.test(value) && Number(value) !== 0) return text
  return ` (CASE WHEN ${value} = 0 THEN error('division by zero') ELSE ${value} END)`
}

const isSign = (node: Node | undefined) => isSymbol(node, '-', '+')

function leadLength(node: Node): number {
  return (isGroup(node) ? node.open.lead : node.lead).length
}
