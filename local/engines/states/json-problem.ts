/** What is wrong with a text that is no JSON, in the words of Jackson, AWS's JSON parser (https://github.com/FasterXML/jackson-core). */

export interface JsonProblem {
  /** With the place at its end, as Jackson writes it. */
  readonly message: string
  /** `[Source: (String)"…"; line: 1, column: 4]` */
  readonly location: string
}

/** Jackson shows at most so much of the source. */
const maxShown = 500

/** The first problem of a text, or undefined for JSON. */
export function findJsonProblem(text: string): JsonProblem | undefined {
  try {
    new Scanner(text).document()
    return undefined
  } catch (error) {
    if (error instanceof Found) return error.problem
    throw error
  }
}

class Found extends Error {
  readonly problem: JsonProblem

  constructor(problem: JsonProblem) {
    super(problem.message)
    this.problem = problem
  }
}

const values = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    this.#value()
    this.#space()
    if (this.#at < this.#text.length) this.#value()
  }

  #source(at: number): string {
    const before = this.#text.slice(0, at)
    const line = before.split('\n').length
    const column = at - before.lastIndexOf('\n')
    const shown =
      this.#text.length > maxShown
        ? `"${this.#text.slice(0, maxShown)}"[truncated ${this.#text.length - maxShown} chars]`
        : `"${this.#text}"`
    return `[Source: (String)${shown}; line: ${line}, column: ${column}]`
  }

  #fail(message: string, at: number): never {
    const location = this.#source(at)
    throw new Found({ message: `${message}\n at ${location}`, location })
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #unexpected(expected: string): never {
    const char = this.#text[this.#at]!
    return this.#fail(`Unexpected character ('${char}' (code ${char.charCodeAt(0)})): ${expected}`, this.#at + 1)
  }

  #end(marker: string, start: number): never {
    return this.#fail(
      `Unexpected end-of-input: expected close marker for ${marker} (start marker at ${this.#source(start)})`,
      this.#text.length,
    )
  }

  #value(): void {
    this.#space()
    const char = this.#text[this.#at]
    if (char === undefined) this.#fail('No content to map due to end-of-input', this.#at)
    if (char === '{') this.#members()
    else if (char === '[') this.#items()
    else if (char === '"') this.#string()
    else if (/[-\d]/.test(char)) this.#number()
    else this.#word()
  }

  #word(): void {
    const word = /[\p{L}\p{N}_$]*/uy
    word.lastIndex = this.#at
    const token = word.exec(this.#text)![0]
    if (token === '') this.#unexpected(`expected a valid value ${values}`)
    if (!['true', 'false', 'null'].includes(token))
      this.#fail(`Unrecognized token '${token}': was expecting ${values}`, this.#at + token.length)
    this.#at += token.length
  }

  #number(): void {
    const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
    number.lastIndex = this.#at
    const match = number.exec(this.#text)
    if (!match) this.#unexpected(`expected a valid value ${values}`)
    this.#at += match![0].length
  }

  #string(): void {
    const start = this.#at
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!
      if (char === '"') {
        this.#at++
        return
      }
      if (char === '\\') {
        this.#at++
        const escaped = this.#text[this.#at] ?? ''
        if (!/["\\/bfnrtu]/.test(escaped))
          this.#fail(`Unrecognized character escape '${escaped}' (code ${escaped.charCodeAt(0)})`, this.#at + 1)
      } else if (char < ' ')
        this.#fail(
          `Illegal unquoted character ((CTRL-CHAR, code ${char.charCodeAt(0)})): has to be escaped using backslash to be included in string value`,
          this.#at + 1,
        )
    }
    this.#fail('Unexpected end-of-input: was expecting closing quote for a string value', start + 1)
  }

  #members(): void {
    const start = this.#at++
    this.#space()
    if (this.#text[this.#at] === '}') {
      this.#at++
      return
    }
    for (;;) {
      this.#space()
      if (this.#at >= this.#text.length) this.#end('Object', start)
      if (this.#text[this.#at] !== '"') this.#unexpected('was expecting double-quote to start field name')
      this.#string()
      this.#space()
      if (this.#at >= this.#text.length) this.#end('Object', start)
      if (this.#text[this.#at] !== ':') this.#unexpected('was expecting a colon to separate field name and value')
      this.#at++
      this.#space()
      if (this.#at >= this.#text.length) this.#end('Object', start)
      this.#value()
      this.#space()
      if (this.#at >= this.#text.length) this.#end('Object', start)
      const next = this.#text[this.#at]
      if (next === '}') break
      if (next !== ',') this.#unexpected('was expecting comma to separate Object entries')
      this.#at++
    }
    this.#at++
  }

  #items(): void {
    const start = this.#at++
    this.#space()
    if (this.#text[this.#at] === ']') {
      this.#at++
      return
    }
    for (;;) {
      this.#space()
      if (this.#at >= this.#text.length) this.#end('Array', start)
      this.#value()
      this.#space()
      if (this.#at >= this.#text.length) this.#end('Array', start)
      const next = this.#text[this.#at]
      if (next === ']') break
      if (next !== ',') this.#unexpected('was expecting comma to separate Array entries')
      this.#at++
    }
    this.#at++
  }
}
