/** SQL scripts as tasks run them: placeholders filled in, cut into statements. */
import { ConfigurationError } from './errors.ts'

/** `'1999Q1','1999Q2'`, for `IN (${QUARTERS})`. */
const QUOTED_LIST = /^'\w+'(,'\w+')*$/

/** The value of a placeholder inside `IN (…)`. */
export const quotedList = (values: string[]) => values.map((value) => `'${value}'`).join(',')

/**
 * Fills `${PLACEHOLDERS}` in. Values are identifiers, quarters and S3 URIs that this project makes itself; what could end a quoted
 * string is refused all the same.
 *
 * @throws ConfigurationError when the script names a placeholder without a value, or a value could break out of quotes
 */
export function render(script: string, values: Record<string, string>): string {
  return script.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) {
      throw new ConfigurationError(
        `A script names \${${name}}, but the task gives only ${Object.keys(values).join(', ') || 'none'}.`,
      )
    }
    if (/['"`;\\]|--/.test(value) && !QUOTED_LIST.test(value))
      throw new ConfigurationError(`The value of \${${name}} may not stand in SQL: ${value}`)
    return value
  })
}

/** The statements of a script, each without its `;`, which ends a line; whole-line comments are dropped. */
export function statements(script: string): string[] {
  return script
    .split('\n')
    .filter((line) => !/^\s*--/.test(line))
    .join('\n')
    .split(/;[ \t]*(?:--[^\n]*)?(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
