/** Amazon Redshift Serverless, through its Data API: statements run on the warehouse engine, one database file a namespace and database. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { createMay } from './may.ts'
import { metadataOperations } from './metadata.ts'
import { Namespaces } from './namespaces.ts'
import { statementOperations } from './operations.ts'
import { Records } from './records.ts'
import { redshiftResources } from './resources.ts'
import { Runner } from './runner.ts'
import { Warehouses } from './warehouses.ts'

const HOUR_MS = 3600 * 1000

export function createRedshiftData(cloud: Cloud): Service {
  const namespaces = new Namespaces(cloud)
  const warehouses = new Warehouses(cloud, namespaces)
  const records = new Records(cloud)
  const runner = new Runner(cloud, records, warehouses)
  let forgetting: NodeJS.Timeout | undefined
  return {
    name: 'redshift-data',
    schemas: () => import('@aws-sdk/client-redshift-data'),
    operations: {
      ...statementOperations({ cloud, namespaces, records, runner }),
      ...metadataOperations(namespaces, warehouses),
    },
    may: createMay(namespaces, records),
    resources: redshiftResources(cloud, namespaces, warehouses),
    async start() {
      await records.forgetOld()
      await runner.failOrphans()
      forgetting = setInterval(() => void records.forgetOld(), HOUR_MS)
      forgetting.unref()
    },
    async close() {
      clearInterval(forgetting)
      await runner.close()
      await warehouses.close()
    },
  }
}
