/** Ctrl-C, SIGTERM, and a terminal that is closed: the first asks to end cleanly, the second ends at once. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

export interface Interrupt {
  signal: AbortSignal
  /** What the process exits with after it was interrupted. */
  readonly exitCode: number | undefined
  /** Resolves at the first signal. */
  readonly asked: Promise<void>
  /** Gives the signals back to Node.js. */
  [Symbol.dispose](): void
}

export function onInterrupt(): Interrupt {
  const controller = new AbortController()
  const asked = Promise.withResolvers<void>()
  let exitCode: number | undefined
  const handlers = SIGNALS.map((name) => {
    const handler = () => {
      if (exitCode !== undefined) process.exit(EXIT_CODES[name])
      exitCode = EXIT_CODES[name]
      controller.abort()
      asked.resolve()
    }
    process.on(name, handler)
    return { name, handler }
  })
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    asked: asked.promise,
    [Symbol.dispose]() {
      for (const { name, handler } of handlers) process.off(name, handler)
    },
  }
}
