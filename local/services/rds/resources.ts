/** AWS::RDS::DBInstance, ::DBSubnetGroup and ::DBParameterGroup. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Cloud } from '../../cloud.ts'
import type { ResourceType } from '../../gateway/service.ts'
import type { Instances } from './instances.ts'

/** The template's numbers and flags may be texts. */
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])

const InstanceProperties = z.object({
  DBInstanceIdentifier: z.string().optional(),
  AllocatedStorage: z.coerce.number().positive().default(20),
  DBInstanceClass: z.string().default('db.t4g.micro'),
  DBName: z.string().optional(),
  Engine: z.enum(['mysql', 'mariadb']),
  EngineVersion: z.string().default('8.4'),
  EnableIAMDatabaseAuthentication: flag.default(false),
  MasterUsername: z.string().min(1),
  MasterUserPassword: z.string().min(1).optional(),
  ManageMasterUserPassword: flag.default(false),
})

export interface ParameterGroup {
  name: string
  family: string
  description: string
  parameters: Record<string, string>
}

const ParameterGroupProperties = z.object({
  DBParameterGroupName: z.string().optional(),
  Family: z.string(),
  Description: z.string(),
  Parameters: z.record(z.string(), z.coerce.string()).default({}),
})

export function rdsResources(cloud: Cloud, instances: Instances): Record<string, ResourceType> {
  const groups = cloud.collection<ParameterGroup>('rds.parameter-groups')
  return {
    'AWS::RDS::DBInstance': {
      async apply({ properties, physicalName }) {
        const given = InstanceProperties.parse(properties)
        const identifier = (given.DBInstanceIdentifier ?? physicalName({ max: 63, lower: true })).toLowerCase()
        const managed = given.ManageMasterUserPassword
          ? await managedSecret(cloud, identifier, given.MasterUsername)
          : undefined
        const password = managed?.password ?? given.MasterUserPassword
        if (!password)
          throw new Error(`The DB instance ${identifier} has neither MasterUserPassword nor ManageMasterUserPassword.`)
        const record = await instances.put(
          {
            identifier,
            engine: given.Engine,
            engineVersion: given.EngineVersion,
            instanceClass: given.DBInstanceClass,
            masterUsername: given.MasterUsername,
            iamAuthentication: given.EnableIAMDatabaseAuthentication,
            allocatedGib: given.AllocatedStorage,
            ...(given.DBName ? { database: given.DBName } : {}),
          },
          password,
        )
        return {
          ref: identifier,
          attributes: {
            'Endpoint.Address': '127.0.0.1',
            'Endpoint.Port': String(record.port),
            'Endpoint.HostedZoneId': 'Z2R2ITUGPM61AM',
            DbiResourceId: record.resourceId,
            DBInstanceArn: record.arn,
            ...(managed ? { 'MasterUserSecret.SecretArn': managed.arn } : {}),
          },
        }
      },
      remove: ({ ref }) => instances.remove(ref),
    },
    'AWS::RDS::DBSubnetGroup': {
      apply: ({ properties, physicalName }) => ({
        ref: properties.DBSubnetGroupName ?? physicalName({ max: 255, lower: true }),
      }),
      remove() {},
    },
    'AWS::RDS::DBParameterGroup': {
      apply({ properties, physicalName }) {
        const given = ParameterGroupProperties.parse(properties)
        const name = given.DBParameterGroupName ?? physicalName({ max: 255, lower: true })
        groups.put(name, { name, family: given.Family, description: given.Description, parameters: given.Parameters })
        return { ref: name, attributes: { DBParameterGroupName: name } }
      },
      remove({ ref }) {
        groups.delete(ref)
      },
    },
  }
}

/** The secret that RDS itself makes for a master user, under a name of its own. */
async function managedSecret(
  cloud: Cloud,
  identifier: string,
  username: string,
): Promise<{ arn: string; password: string }> {
  const Name = `rds!db-${createHash('sha256').update(identifier).digest('hex').slice(0, 8)}`
  const read = () => cloud.call(cloud.admin, 'secretsmanager', 'GetSecretValue', { SecretId: Name })
  const secret = await read().catch(async (error: Error) => {
    if (error.name !== 'ResourceNotFoundException') throw error
    const { RandomPassword } = await cloud.call(cloud.admin, 'secretsmanager', 'GetRandomPassword', {
      PasswordLength: 28,
      ExcludePunctuation: true,
    })
    await cloud.call(cloud.admin, 'secretsmanager', 'CreateSecret', {
      Name,
      SecretString: JSON.stringify({ username, password: RandomPassword }),
    })
    return read()
  })
  return { arn: secret.ARN, password: JSON.parse(secret.SecretString).password }
}
