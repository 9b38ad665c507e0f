/** What can be wrong with a script, and where. */

/** A place in a script, as an offset from its start. */
export type Offset = number

/** Line and column (both from 1) of an offset, with the line's text. */
export function placeOf(script: string, offset: Offset): { line: number; column: number; text: string } {
  const before = script.slice(0, offset)
  const line = before.split('\n').length
  const start = before.lastIndexOf('\n') + 1
  const end = script.indexOf('\n', offset)
  return { line, column: offset - start + 1, text: script.slice(start, end < 0 ? script.length : end) }
}

/** The message as people read it: place, sentence, the line and a caret under the word. */
function pointing(script: string, offset: Offset, sentence: string): string {
  const { line, column, text } = placeOf(script, offset)
  // Tabs stay tabs, so that the caret stands under its word however wide they are shown.
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, ' ')
  return `${line}:${column}: ${sentence}\n  ${text}\n  ${indent}^`
}

abstract class FlinkSqlError extends Error {
  /** The message without its place and picture. */
  readonly sentence: string
  readonly line: number
  readonly column: number

  constructor(script: string, offset: Offset, sentence: string) {
    super(pointing(script, offset, sentence))
    const { line, column } = placeOf(script, offset)
    this.sentence = sentence
    this.line = line
    this.column = column
  }
}

/** Not Flink SQL: Flink's own parser or validator would refuse the script too. */
export class FlinkSqlSyntaxError extends FlinkSqlError {
  override readonly name = 'FlinkSqlSyntaxError'
}

/** Valid Flink SQL, but outside the subset that runs here; it would run on Managed Service for Apache Flink. */
export class FlinkSqlUnsupportedError extends FlinkSqlError {
  override readonly name = 'FlinkSqlUnsupportedError'
}

/** The job fails while it runs, as it would on Flink: a CAST that cannot be, a NULL as rowtime. */
export class FlinkSqlRuntimeError extends Error {
  override readonly name = 'FlinkSqlRuntimeError'
}
