/** What can be wrong with a Hive script, in Hive's own terms, always with the place. */

/** A place in a script: line and column count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Where a statement comes from: the script's name, the statement's number in it (from 1) and its first words. */
export interface StatementPlace extends Place {
  readonly script: string
  readonly statement: number
  readonly text: string
}

/** The base of the engine's errors. `place` is known once the error has left the session. */
export class HiveError extends Error {
  override name = 'HiveError'
  /** What went wrong, without the place. */
  readonly problem: string
  readonly at: Place | undefined
  place: StatementPlace | undefined

  constructor(problem: string, at?: Place) {
    super(problem)
    this.problem = problem
    this.at = at
  }

  /** Names script, line and statement in the message: once, by the session that runs the script. */
  placed(statement: StatementPlace): this {
    if (this.place) return this
    const at = this.at ?? statement
    this.place = { ...statement, line: at.line, column: at.column }
    this.message = `${this.problem} (${statement.script}, line ${at.line}:${at.column}, statement ${statement.statement}: ${statement.text})`
    return this
  }
}

/** The text is not HiveQL. Hive calls it ParseException. */
export class HiveSyntaxError extends HiveError {
  override name = 'HiveSyntaxError'
}

/** The statement is HiveQL, but names what is not there or does not fit. Hive calls it SemanticException. */
export class HiveSemanticError extends HiveError {
  override name = 'HiveSemanticError'
}

/** HiveQL that a cluster would run and this engine does not. */
export class HiveUnsupported extends HiveError {
  override name = 'HiveUnsupported'
}

/** The statement failed while it ran: files, memory, permissions. */
export class HiveExecutionError extends HiveError {
  override name = 'HiveExecutionError'

  constructor(problem: string, cause: unknown, at?: Place) {
    super(problem, at)
    this.cause = cause
  }
}
