/**
 * What a command says: lines for people, or with --json one JSON object a line. On a terminal the last line can be live; elsewhere, and in CI,
 * nothing is ever drawn over.
 */
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
