/** The endpoint as it is, and its end. */
import { DeleteEndpointCommand, DescribeEndpointCommand, SageMakerClient } from '@aws-sdk/client-sagemaker'
import { TransientError } from '../../errors.ts'
import { isMissing } from './missing.ts'

const sagemaker = new SageMakerClient({})

/** Undefined where there is none. */
export async function describe(EndpointName: string) {
  try {
    return await sagemaker.send(new DescribeEndpointCommand({ EndpointName }))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Deletes the endpoint, if there is one that can be deleted. */
export async function deleteEndpoint(EndpointName: string): Promise<boolean> {
  const current = await describe(EndpointName)
  if (!current || current.EndpointStatus === 'Deleting') return false
  if (current.EndpointStatus === 'Creating' || current.EndpointStatus === 'Updating') {
    throw new TransientError(`The endpoint ${EndpointName} is ${current.EndpointStatus}: it cannot be deleted now.`)
  }
  await sagemaker.send(new DeleteEndpointCommand({ EndpointName }))
  return true
}
