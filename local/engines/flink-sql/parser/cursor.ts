/** Reads tokens one after the other, and says where and why it cannot. */
import { FlinkSqlSyntaxError, FlinkSqlUnsupportedError, type Offset } from '../errors.ts'
import { type Token, tokenize } from './lexer.ts'

/** Words that cannot be names without back ticks, of those that the subset knows (Calcite's reserved words). */
const RESERVED = new Set(
  `AND AS BETWEEN BY CASE CAST CREATE CROSS DISTINCT ELSE END EXCEPT EXISTS FALSE FETCH FOR FROM FULL GROUP HAVING IN INNER INSERT
  INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT MATCH_RECOGNIZE NATURAL NOT NULL OFFSET ON OR ORDER OVER PARTITION PRIMARY
  RIGHT ROW ROWS SELECT SET TABLE THEN TRUE UNION UNIQUE UNNEST USING VALUES WHEN WHERE WINDOW WITH`.split(/\s+/),
)

/** Of a token in a message. */
const MAX_SHOWN = 100

export class Cursor {
  readonly script: string
  readonly #tokens: Token[]
  #next = 0

  constructor(script: string) {
    this.script = script
    this.#tokens = tokenize(script)
  }

  get token(): Token {
    return this.#tokens[this.#next]!
  }

  get atEnd(): boolean {
    return this.token.kind === 'end'
  }

  ahead(distance: number): Token {
    return this.#tokens[Math.min(this.#next + distance, this.#tokens.length - 1)]!
  }

  /** Whether these keywords or symbols come next. */
  is(...words: string[]): boolean {
    return words.every((word, i) => {
      const token = this.ahead(i)
      return (token.kind === 'word' || token.kind === 'symbol') && token.upper === word
    })
  }

  /** Takes these keywords or symbols if they come next. */
  take(...words: string[]): boolean {
    if (!this.is(...words)) return false
    this.#next += words.length
    return true
  }

  /** Takes one of these keywords if it comes next. */
  takeOne<Word extends string>(...words: Word[]): Word | undefined {
    return words.find((word) => this.take(word))
  }

  need(...words: string[]): void {
    for (const word of words) if (!this.take(word)) this.fail(`Expected ${word}, found ${this.#found()}.`)
  }

  /** A name, in back ticks or not. */
  name(what = 'a name'): string {
    const token = this.token
    const reserved = token.kind === 'word' && RESERVED.has(token.upper)
    if (reserved) this.fail(`Expected ${what}, found the reserved word ${token.upper}: put it in back ticks.`)
    if (token.kind !== 'word' && token.kind !== 'quoted') this.fail(`Expected ${what}, found ${this.#found()}.`)
    this.#next++
    return token.text
  }

  /** Whether a name comes next that is no reserved word. */
  atName(): boolean {
    const { kind, upper } = this.token
    return kind === 'quoted' || (kind === 'word' && !RESERVED.has(upper))
  }

  /** A table's name; catalogs and databases are outside of the subset. */
  tableName(): string {
    const name = this.name('the name of a table or view')
    if (this.is('.')) this.unsupported('A name with a catalog or database')
    return name
  }

  string(what = 'a string'): string {
    const token = this.token
    if (token.kind !== 'string') this.fail(`Expected ${what} in single quotes, found ${this.#found()}.`)
    this.#next++
    return token.text
  }

  /** A whole number, such as a type's precision. */
  wholeNumber(): number {
    const token = this.token
    if (token.kind !== 'number' || !/^\d+$/.test(token.text))
      this.fail(`Expected a whole number, found ${this.#found()}.`)
    this.#next++
    return Number(token.text)
  }

  /** Takes the token, whatever it is. */
  advance(): Token {
    const token = this.token
    if (token.kind !== 'end') this.#next++
    return token
  }

  fail(sentence: string, at: Offset = this.token.at): never {
    throw new FlinkSqlSyntaxError(this.script, at, sentence)
  }

  /** `what` starts the sentence: "A sub-query". */
  unsupported(what: string, at: Offset = this.token.at): never {
    throw new FlinkSqlUnsupportedError(
      this.script,
      at,
      `${what} is valid Flink SQL, but outside the subset that runs here.`,
    )
  }

  unexpected(): never {
    this.fail(`Unexpected ${this.#found()}.`)
  }

  #found(): string {
    const { kind, text } = this.token
    if (kind === 'end') return text
    const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
    return kind === 'string' ? `the string '${shown}'` : `"${shown}"`
  }
}
