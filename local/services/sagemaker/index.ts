/** Amazon SageMaker: training jobs of the built-in Image Classification, models, endpoint configurations and endpoints. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { EndpointRunner, type Pace } from './endpoint-runner.ts'
import { endpointOperations } from './endpoints.ts'
import { createMay } from './may.ts'
import { modelOperations } from './models.ts'
import { createStore } from './store.ts'
import { tagOperations } from './tags.ts'
import { Telemetry } from './telemetry.ts'
import { trainingOperations } from './training-jobs.ts'
import { TrainingRunner } from './training-runner.ts'

/** Nobody at a terminal waits minutes for the old instances to go. */
const PACE: Pace = { second: 10 }

export function createSageMaker(cloud: Cloud, pace: Pace = PACE): Service {
  const store = createStore(cloud)
  const telemetry = new Telemetry(store)
  const trainings = new TrainingRunner(store, telemetry)
  const endpoints = new EndpointRunner(store, telemetry, pace)
  return {
    name: 'sagemaker',
    schemas: () => import('@aws-sdk/client-sagemaker'),
    operations: {
      ...trainingOperations(store, trainings),
      ...modelOperations(store),
      ...endpointOperations(store, endpoints),
      ...tagOperations(store),
    },
    may: createMay(store),
    async start() {
      trainings.bury()
      await endpoints.resume()
    },
    async close() {
      await trainings.close()
      await endpoints.close()
      await telemetry.settled()
    },
  }
}
