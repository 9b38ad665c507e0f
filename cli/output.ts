/**
 * What a command says: lines for people, or with --json one JSON object a line. On a terminal the last line can be live; elsewhere, and in CI,
 * nothing is ever drawn over.
 */
import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'

export interface OutputOptions {
  json?: boolean
  stream?: Pick<NodeJS.WriteStream, 'write'> & { isTTY?: boolean; columns?: number }
  environment?: NodeJS.ProcessEnv
}

export class Output {
  readonly json: boolean
  /** Whether a person is watching: a terminal that is not a CI system's. */
  readonly interactive: boolean
  readonly colors: ReturnType<typeof picocolors.createColors>
  readonly #stream: NonNullable<OutputOptions['stream']>
  #live = ''
  /** Lines of the terminal that the board takes. */
  #rows = 0

  constructor({ json = false, stream = process.stdout, environment = process.env }: OutputOptions = {}) {
    this.json = json
    this.#stream = stream
    const terminal = stream.isTTY === true && environment.TERM !== 'dumb'
    this.interactive = terminal && !environment.CI && !json
    // https://no-color.org and its counterpart
    const forced = environment.FORCE_COLOR !== undefined && environment.FORCE_COLOR !== '0'
    this.colors = picocolors.createColors(!environment.NO_COLOR && !json && (forced || terminal))
  }

  /** A line for people. */
  line(text = ''): void {
    if (this.json) return
    this.#clear()
    this.#stream.write(`${text}\n`)
    this.#draw()
  }

  /** An object for programs. */
  object(value: { type: string } & Record<string, unknown>): void {
    if (this.json) this.#stream.write(`${JSON.stringify(value)}\n`)
  }

  /** Something to pipe on, in either form: never coloured or suppressed. */
  raw(text: string): void {
    this.#clear()
    this.#stream.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** Sets the live line below all others; empty for none. Without a terminal there is none. */
  live(text: string): void {
    if (!this.interactive) return
    this.#clear()
    this.#live = text
    this.#draw()
  }

  /** Lines that are drawn over by the next ones. Only for an interactive terminal, with nothing else written meanwhile. */
  board(lines: readonly string[]): void {
    const width = Math.max(this.#stream.columns || 80, 20)
    // A line that wraps takes several of the terminal's.
    const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(visible(line) / width)), 0)
    const up = this.#rows > 0 ? `\x1b[${this.#rows}A\r\x1b[0J` : ''
    this.#rows = rows
    this.#stream.write(`${up}${lines.join('\n')}\n`)
  }

  #clear(): void {
    if (this.#live) this.#stream.write('\r\x1b[2K')
  }

  #draw(): void {
    if (!this.#live) return
    // A line that wraps could not be cleared.
    const width = Math.max((this.#stream.columns || 80) - 1, 10)
    this.#stream.write(this.#live.length > width ? `${this.#live.slice(0, width - 1)}…` : this.#live)
  }
}

/** Characters of a text that are seen: colours take none. */
function visible(text: string): number {
  return stripVTControlCharacters(text).length
}
