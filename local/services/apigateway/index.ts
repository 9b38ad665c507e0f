/** Amazon API Gateway: REST APIs of the template, served under `/execute-api/<api id>/<stage>/`. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { MetricReporter } from '../../metric-reporter.ts'
import { createDataPlane } from './data-plane.ts'
import { createMay, createOperations } from './operations.ts'
import { apiResources } from './resources.ts'
import { createStore } from './store.ts'

export function createApiGateway(cloud: Cloud): Service {
  const store = createStore(cloud)
  const metrics = new MetricReporter(cloud, 'apigateway.amazonaws.com', 'AWS/ApiGateway', 'ApiName')
  return {
    name: 'apigateway',
    schemas: () => import('@aws-sdk/client-api-gateway'),
    operations: createOperations(store),
    may: createMay(store),
    resources: apiResources(store),
    page: createDataPlane(store, metrics),
    close: () => metrics.close(),
  }
}
