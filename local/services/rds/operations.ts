/** The operations of RDS: a look at what there is. Instances are made by the template alone. */
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import type { InstanceRecord, Instances } from './instances.ts'
import type { ParameterGroup } from './resources.ts'

const NOT_FOUND = 404

export function rdsOperations(cloud: Cloud, instances: Instances): Record<string, Operation> {
  const groups = cloud.collection<ParameterGroup>('rds.parameter-groups')
  return {
    DescribeDBInstances({ DBInstanceIdentifier: identifier }) {
      if (identifier === undefined) return { DBInstances: instances.all().map(describe) }
      const found = instances.find(identifier) ?? instances.all().find((record) => record.arn === identifier)
      if (!found) throw new AwsError('DBInstanceNotFoundFault', `DBInstance ${identifier} not found.`, {}, NOT_FOUND)
      return { DBInstances: [describe(found)] }
    },

    DescribeDBParameterGroups({ DBParameterGroupName: name }) {
      const all = groups.entries().map(([, group]) => group)
      const found = name === undefined ? all : all.filter((group) => group.name === name)
      if (name !== undefined && found.length === 0) {
        throw new AwsError('DBParameterGroupNotFoundFault', `DBParameterGroup not found: ${name}`, {}, NOT_FOUND)
      }
      return {
        DBParameterGroups: found.map((group) => ({
          DBParameterGroupName: group.name,
          DBParameterGroupFamily: group.family,
          Description: group.description,
          DBParameterGroupArn: cloud.arn('rds', `pg:${group.name}`),
        })),
      }
    },
  }
}

function describe(record: InstanceRecord) {
  return {
    DBInstanceIdentifier: record.identifier,
    DBInstanceArn: record.arn,
    DbiResourceId: record.resourceId,
    DBInstanceClass: record.instanceClass,
    AllocatedStorage: record.allocatedGib,
    DBInstanceStatus: 'available',
    Engine: record.engine,
    EngineVersion: record.engineVersion,
    MasterUsername: record.masterUsername,
    Endpoint: { Address: '127.0.0.1', Port: record.port },
    IAMDatabaseAuthenticationEnabled: record.iamAuthentication,
    InstanceCreateTime: new Date(record.createdAt),
    ...(record.database ? { DBName: record.database } : {}),
  }
}
