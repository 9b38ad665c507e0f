/** A local RDS in a temporary cloud, and connections to it as the tasks make them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Signer } from '@aws-sdk/rds-signer'
import { type Connection, createConnection } from 'mysql2/promise'
import type { Resource, Service } from '../../../local/gateway/service.ts'
import { createRds } from '../../../local/services/rds/index.ts'
import type { TestCloud } from '../../support/cloud.ts'

export const MASTER = { user: 'admin', password: "master's secret" }

export interface Database {
  service: Service
  resource: Resource
  host: string
  port: number
}

export async function bootDatabase(cloud: TestCloud, properties: object = {}): Promise<Database> {
  const service = cloud.add(createRds(cloud))
  const resource = await cloud.deploy('AWS::RDS::DBInstance', 'Database', {
    Engine: 'mysql',
    DBName: 'loans',
    MasterUsername: MASTER.user,
    MasterUserPassword: MASTER.password,
    EnableIAMDatabaseAuthentication: true,
    ...properties,
  })
  await service.start?.()
  const { 'Endpoint.Address': host = '', 'Endpoint.Port': port = '' } = resource.attributes ?? {}
  return { service, resource, host, port: Number(port) }
}

const caOf = (cloud: TestCloud) => readFile(join(cloud.dataDir, 'rds', 'ca.pem'), 'utf8')

export async function asMaster(cloud: TestCloud, database: Database, options: object = {}): Promise<Connection> {
  const { host, port } = database
  return createConnection({ host, port, ...MASTER, ssl: { ca: await caOf(cloud), minVersion: 'TLSv1.2' }, ...options })
}

/** Signs in with a token made from this access key. */
export async function asUser(
  cloud: TestCloud,
  database: Database,
  username: string,
  accessKeyId: string,
  options: object = {},
): Promise<Connection> {
  const { host: hostname, port } = database
  const credentials = { accessKeyId, secretAccessKey: 'secret', sessionToken: 'session' }
  const token = await new Signer({ hostname, port, username, region: 'us-east-1', credentials }).getAuthToken()
  return createConnection({
    host: hostname,
    port,
    user: username,
    password: token,
    database: 'loans',
    enableCleartextPlugin: true,
    flags: ['+LOCAL_FILES'],
    charset: 'utf8mb4',
    ssl: { ca: await caOf(cloud), minVersion: 'TLSv1.2' },
    ...options,
  } as never)
}
