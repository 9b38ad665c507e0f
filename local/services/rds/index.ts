/** Amazon RDS for MySQL: a real server of this machine, behind a proxy that speaks TLS and knows IAM. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { Instances } from './instances.ts'
import { createMay } from './may.ts'
import { InstanceMetrics } from './metrics.ts'
import { rdsOperations } from './operations.ts'
import { rdsResources } from './resources.ts'

export { findMysqlServer, INSTALL_HINT } from './server.ts'

export function createRds(cloud: Cloud): Service {
  const instances = new Instances(cloud)
  const metrics = new InstanceMetrics(cloud, instances)
  return {
    name: 'rds',
    schemas: () => import('@aws-sdk/client-rds'),
    operations: rdsOperations(cloud, instances),
    may: createMay(cloud),
    resources: rdsResources(cloud, instances),
    start() {
      instances.startServers()
      metrics.start()
    },
    async close() {
      await metrics.close()
      await instances.close()
    },
  }
}
