/** SET and the commands that Hive takes as text, before any parsing. */
import { HiveUnsupported, type Place } from '../errors.ts'

/** Hive's own defaults, for what this engine looks at. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'hive.exec.dynamic.partition': 'true',
  'hive.exec.dynamic.partition.mode': 'strict',
  'hive.exec.max.dynamic.partitions': '1000',
  'hive.groupby.position.alias': 'false',
  'hive.cli.print.header': 'false',
}

export class Settings {
  readonly #values = new Map<string, string>(Object.entries(DEFAULTS))
  readonly #variables = new Map<string, string>()

  constructor(variables: Readonly<Record<string, string>>, conf: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(variables)) this.#variables.set(name, value)
    for (const [name, value] of Object.entries(conf)) this.#values.set(name, value)
  }

  get(key: string): string | undefined {
    return this.#values.get(key)
  }

  is(key: string): boolean {
    return this.get(key)?.toLowerCase() === 'true'
  }

  hivevar(name: string): string | undefined {
    return this.#variables.get(name)
  }

  hiveconf(name: string): string | undefined {
    return this.#values.get(name)
  }

  /**
   * Runs `SET k=v`, `SET k`, `SET -v`, `RESET`, `ADD JAR …`: the lines to print, or undefined when the text is a statement.
   *
   * @throws HiveUnsupported for code that a JVM would load
   */
  command(text: string, at: Place): string[] | undefined {
    const set = /^set\s+(?:(hivevar|hiveconf):)?([^\s=]+)\s*=\s*([\s\S]*)$/i.exec(text)
    if (set) {
      const [, space, key = '', value = ''] = set
      if (space?.toLowerCase() === 'hivevar') this.#variables.set(key, value.trim())
      else this.#values.set(key, value.trim())
      return []
    }
    const show = /^set(?:\s+(?:(hivevar|hiveconf):)?(\S+))?\s*$/i.exec(text)
    if (show) {
      const [, space, key] = show
      if (!key || key === '-v') return [...this.#values].map(([k, v]) => `${k}=${v}`).sort()
      const value = space?.toLowerCase() === 'hivevar' ? this.hivevar(key) : this.get(key)
      return [value === undefined ? `${key} is undefined` : `${key}=${value}`]
    }
    if (/^reset\s*$/i.test(text)) {
      this.#values.clear()
      for (const [key, value] of Object.entries(DEFAULTS)) this.#values.set(key, value)
      return []
    }
    const code = /^(add\s+(?:jar|jars|file|files|archive)|delete\s+jar|dfs|source|compile|!)\b/i.exec(text)
    if (code)
      throw new HiveUnsupported(
        `${code[1]!.toUpperCase()} is not supported: there is no JVM and no shell behind this engine`,
        at,
      )
    return undefined
  }
}
