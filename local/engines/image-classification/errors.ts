/**
 * How a training job or a model container fails. SageMaker shows both as `FailureReason`, with the name in front: a ClientError is the
 * caller's to mend (hyperparameters, channels, lists, images), an AlgorithmError is the algorithm's own.
 */

export class ClientError extends Error {
  override readonly name = 'ClientError'
}

export class AlgorithmError extends Error {
  override readonly name = 'AlgorithmError'
}

/** A body that the model container refuses, with the HTTP status that it answers. */
export class InferenceError extends Error {
  override readonly name = 'InferenceError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** `ClientError: …`, as DescribeTrainingJob shows it. */
export function failureReason(error: unknown): string {
  if (error instanceof ClientError || error instanceof AlgorithmError) return `${error.name}: ${error.message}`
  return `AlgorithmError: ${error instanceof Error ? error.message : String(error)}`
}
