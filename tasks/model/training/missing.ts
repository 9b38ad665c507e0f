/** SageMaker has no error of its own for what does not exist. */
export function isMissing(error: unknown): boolean {
  const { name, message } = error as Error
  return name === 'ResourceNotFound' || (name === 'ValidationException' && /Could not find|not found/i.test(message))
}
