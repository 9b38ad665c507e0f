/** An error whose message says all that the person at the command line needs: it is printed without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError'
}

/** The command did its work, but an execution failed: exit code 1, and nothing more to say. */
export class ExecutionFailed extends Error {
  override readonly name = 'ExecutionFailed'
}
