/** How executions fail: the error names and causes that Step Functions reports. */

/**
 * A failure with one of AWS's error names (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
 * `name` is the error name that Retry and Catch match.
 */
export class StatesError extends Error {
  readonly causeText: string | undefined

  constructor(error: string, cause?: string) {
    super(cause ?? error)
    this.name = error
    this.causeText = cause
  }
}

/** A task's end without success, as the service behind it reported it. */
export class TaskFailure extends StatesError {}

/** A task or an execution took longer than it may; it has no cause. */
export class TimeoutFailure extends TaskFailure {
  /** No heartbeat came in time: `States.HeartbeatTimeout` names it, too. */
  readonly heartbeat: boolean

  constructor(heartbeat = false) {
    super('States.Timeout')
    this.heartbeat = heartbeat
  }
}

/** `States.Runtime`: nothing catches it, and the execution fails at once. The interpreter adds which state it was. */
export class RuntimeFailure extends StatesError {
  constructor(cause: string) {
    super('States.Runtime', cause)
  }
}

/** An execution that cannot go on for reasons of its own size. */
export class LimitFailure extends StatesError {}

/** A failure that neither Retry nor Catch may take, with its final text: it ends the execution as it is. */
export class Fatal extends StatesError {}

/** A JSONata expression failed, or gave what its field cannot take. The interpreter adds which state it was. */
export class EvaluationFailure extends StatesError {
  /** The field, as `Arguments/Payload`. */
  readonly location: string | undefined
  /** The value was computed but cannot be used: AWS then chains the event after the state's Entered event. */
  readonly late: boolean

  constructor(cause: string, location?: string, late = false) {
    super('States.QueryEvaluationError', cause)
    this.location = location
    this.late = late
  }
}

/** The execution, or the branch that the work belongs to, was stopped; nobody waits for an answer. */
export class Cancelled extends Error {
  constructor() {
    super('Stopped.')
    this.name = 'Cancelled'
  }
}

/** The text that AWS puts before what went wrong in a state. */
export function inState(name: string, enteredEventId: number, cause: string): string {
  return `An error occurred while executing the state '${name}' (entered at the event id #${enteredEventId}). ${cause}`
}
