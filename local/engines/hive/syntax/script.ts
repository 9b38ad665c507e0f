/** A script's statements and variables, before any of it is parsed. */
import { HiveSemanticError, HiveSyntaxError, type Place } from '../errors.ts'
import { tokenize } from './lexer.ts'

/** One statement of a script: its text without the semicolon, and the place of its first token. */
export interface ScriptStatement extends Place {
  readonly text: string
}

/** Cuts a script at its semicolons; those in strings, backticks and comments do not count. Empty statements vanish. */
export function splitStatements(script: string): ScriptStatement[] {
  const statements: ScriptStatement[] = []
  let first: ReturnType<typeof tokenize>[number] | undefined
  for (const token of tokenize(script)) {
    const ends = token.kind === 'end' || (token.kind === 'symbol' && token.text === ';')
    if (!ends) {
      first ??= token
    } else if (first) {
      statements.push({
        text: script.slice(first.start, token.start).trimEnd(),
        line: first.line,
        column: first.column,
      })
      first = undefined
    }
  }
  return statements
}

/** Where `${…}` finds its values: `-d` and `--hivevar` on the command line, `SET hivevar:x=`, and the session's configuration. */
export interface Variables {
  hivevar(name: string): string | undefined
  hiveconf(name: string): string | undefined
}

/** Hive gives up on variables that name each other at this depth (hive.variable.substitute.depth). */
const DEPTH = 40

/**
 * Puts variables into a statement: `${x}`, `${hivevar:x}` (given with `-d`) and `${hiveconf:x}` (set with `SET`). A value may hold variables itself.
 *
 * @throws HiveSemanticError a variable that nobody set (Hive would pass the text on and fail later), or one of the namespaces
 *   `env` and `system`, which a script that is to run anywhere must not read
 */
export function substitute(statement: ScriptStatement, variables: Variables): string {
  let text = statement.text
  for (let depth = 0; /\$\{[^}]*\}/.test(text); depth++) {
    if (depth > DEPTH) throw new HiveSyntaxError(`Variables name each other more than ${DEPTH} levels deep`, statement)
    text = text.replace(/\$\{([^}]*)\}/g, (whole, name: string, offset: number) => {
      const [, space, key] = /^(?:(\w+):)?(.+)$/.exec(name.trim()) ?? []
      const value =
        key === undefined || (space && space !== 'hivevar' && space !== 'hiveconf')
          ? undefined
          : space === 'hiveconf'
            ? variables.hiveconf(key)
            : variables.hivevar(key)
      if (value !== undefined) return value
      const line = statement.line + (text.slice(0, offset).match(/\n/g)?.length ?? 0)
      throw new HiveSemanticError(`The variable ${whole} is not set: pass it with -d ${key ?? 'NAME'}=value`, {
        line,
        column: 1,
      })
    })
  }
  return text
}
