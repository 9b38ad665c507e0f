/** A walk over tokens: what every part of the parser asks of them. */
import { HiveSyntaxError, HiveUnsupported, type Place } from '../errors.ts'
import { type Token, tokenize } from './lexer.ts'

/** Words that cannot be a name without backticks (the reserved keywords of Hive 3.1 that matter to this grammar). */
const RESERVED = new Set(
  (
    'ALL ALTER AND ANY ARRAY AS AUTHORIZATION BETWEEN BIGINT BINARY BOOLEAN BOTH BY CASE CAST CHAR COLUMN CONF CONSTRAINT CREATE CROSS CUBE CURRENT ' +
    'CURRENT_DATE CURRENT_TIMESTAMP CURSOR DATABASE DATE DECIMAL DELETE DESCRIBE DISTINCT DOUBLE DROP ELSE END EXCEPT EXCHANGE EXISTS EXTENDED EXTERNAL ' +
    'EXTRACT FALSE FETCH FLOAT FLOOR FOLLOWING FOR FOREIGN FROM FULL FUNCTION GRANT GROUP GROUPING HAVING IF IMPORT IN INNER INSERT INT INTEGER INTERSECT ' +
    'INTERVAL INTO IS JOIN LATERAL LEFT LESS LIKE LOCAL MACRO MAP MINUS MORE NONE NOT NULL NUMERIC OF ON ONLY OR ORDER OUT OUTER OVER PARTIALSCAN PARTITION ' +
    'PERCENT PRECEDING PRECISION PRESERVE PRIMARY PROCEDURE RANGE READS REDUCE REFERENCES REGEXP REVOKE RIGHT RLIKE ROLLBACK ROLLUP ROW ROWS SELECT SET ' +
    'SMALLINT START TABLE TABLESAMPLE THEN TIME TIMESTAMP TO TRANSFORM TRIGGER TRUE TRUNCATE UNBOUNDED UNION UNIQUEJOIN UPDATE USER USING UTC_TMESTAMP VALUES ' +
    'VARCHAR VIEWS WHEN WHERE WINDOW WITH'
  ).split(' '),
)

/** Words that end a table or select item, so that they are no alias, though Hive allows some of them as names. */
const NO_ALIAS = new Set('SORT CLUSTER DISTRIBUTE LIMIT OFFSET SEMI ANTI NATURAL'.split(' '))

export class Cursor {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(text: string, origin?: Place) {
    this.#tokens = tokenize(text, origin)
  }

  /** The token here, or `ahead` of here. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!
  }

  next(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.#at++
    return token
  }

  get place(): Place {
    const { line, column } = this.peek()
    return { line, column }
  }

  /** Do the next tokens read so? Keywords in upper case, or symbols. */
  sees(...words: string[]): boolean {
    return words.every((word, i) => {
      const token = this.peek(i)
      return (token.kind === 'word' || token.kind === 'symbol') && token.upper === word
    })
  }

  /** Takes the words if they come next. */
  takes(...words: string[]): boolean {
    if (!this.sees(...words)) return false
    this.#at += words.length
    return true
  }

  /** @throws HiveSyntaxError when the words do not come next */
  expect(...words: string[]): void {
    for (const word of words) if (!this.takes(word)) throw this.unexpected(word)
  }

  /** One of several words. */
  takesOne(...words: string[]): string | undefined {
    return words.find((word) => this.takes(word))
  }

  /** A name: backticks, or a word that is not reserved. In lower case. */
  name(what: string): string {
    const token = this.peek()
    if (token.kind !== 'name' && (token.kind !== 'word' || RESERVED.has(token.upper))) throw this.unexpected(what)
    this.#at++
    return token.text.toLowerCase()
  }

  /** `AS x`, or a bare `x` where no clause begins. */
  alias(): string | undefined {
    if (this.takes('AS')) return this.name('an alias')
    return this.seesAlias() ? this.name('an alias') : undefined
  }

  seesAlias(): boolean {
    const token = this.peek()
    return token.kind === 'name' || (token.kind === 'word' && !RESERVED.has(token.upper) && !NO_ALIAS.has(token.upper))
  }

  string(what: string): string {
    const token = this.peek()
    if (token.kind !== 'string') throw this.unexpected(what)
    this.#at++
    return token.text
  }

  integer(what: string): number {
    const token = this.peek()
    if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw this.unexpected(what)
    this.#at++
    return Number(token.text)
  }

  /** Items with commas between them. */
  list<T>(item: () => T): T[] {
    const items = [item()]
    while (this.takes(',')) items.push(item())
    return items
  }

  /** Items with commas between them in parentheses. */
  parenthesized<T>(item: () => T): T[] {
    this.expect('(')
    const items = this.list(item)
    this.expect(')')
    return items
  }

  unexpected(wanted: string): HiveSyntaxError {
    const token = this.peek()
    const found = token.kind === 'end' ? 'the end of the statement' : `'${token.text}'`
    return new HiveSyntaxError(`Expected ${wanted}, found ${found}`, this.place)
  }

  unsupported(construct: string, instead: string): HiveUnsupported {
    return new HiveUnsupported(`${construct} is not supported: ${instead}`, this.place)
  }

  end(): void {
    if (this.peek().kind !== 'end') throw this.unexpected('the end of the statement')
  }
}
