/** SageMaker's Create calls know no client token: a retry finds what the first try made, under the same name. */

/** @throws what `create` throws, unless it says that the thing exists and `describe` finds it */
export async function orExisting(
  create: () => Promise<unknown>,
  describe: () => Promise<unknown>,
): Promise<'made' | 'existing'> {
  try {
    await create()
    return 'made'
  } catch (error) {
    const { name, message } = error as Error
    if (name !== 'ResourceInUse' && !(name === 'ValidationException' && /already exist/.test(message))) throw error
    await describe()
    return 'existing'
  }
}
