/** Whether an execution goes on. */
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn'

const states = new SFNClient({})

/** An execution that Step Functions has forgotten (after 90 days) does not run. */
export async function isRunning(executionArn: string): Promise<boolean> {
  try {
    const { status } = await states.send(new DescribeExecutionCommand({ executionArn }))
    return status === 'RUNNING' || status === 'PENDING_REDRIVE'
  } catch (error) {
    if ((error as Error).name === 'ExecutionDoesNotExist') return false
    throw error
  }
}
