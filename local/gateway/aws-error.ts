/**
 * An error as an AWS service answers it: `name` is the error code of the service's model, `message` its literal text.
 *
 * @example throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
 */
export class AwsError extends Error {
  /** Further members of the error's shape, such as `Type: 'User'` of Lambda's errors. */
  readonly fields: Record<string, unknown>
  /** The HTTP status, where it differs from the one that the service's model gives this error. */
  readonly status: number | undefined

  constructor(name: string, message: string, fields: Record<string, unknown> = {}, status?: number) {
    super(message)
    this.name = name
    this.fields = fields
    this.status = status
  }
}
