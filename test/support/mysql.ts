/** The workflow's MySQL database, as its master. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'
import type { RunningCloud } from '../../local/boot.ts'
import { findMysqlServer } from '../../local/services/rds/index.ts'

/** Whether this machine has a MySQL server; executions load Redshift alone where it has none. */
export const hasMysql = (await findMysqlServer()) !== undefined

/** Runs one statement in the database `loans`. @returns how many rows it changed */
export async function changeMysql(running: RunningCloud, sql: string): Promise<number> {
  const connection = await connect(running)
  try {
    const [{ affectedRows }] = await connection.query<ResultSetHeader>(sql)
    return affectedRows
  } finally {
    connection.destroy()
  }
}

/** Runs one query in the database `loans`. @returns its rows, each an array */
export async function queryMysql(running: RunningCloud, sql: string): Promise<unknown[][]> {
  const connection = await connect(running)
  try {
    const [rows] = await connection.query<RowDataPacket[][]>({ sql, rowsAsArray: true })
    return rows
  } finally {
    connection.destroy()
  }
}

async function connect({ cloud }: RunningCloud): Promise<Connection> {
  const ask = (service: string, operation: string, input = {}) =>
    cloud.call<any>(cloud.admin, service, operation, input)
  const { Functions } = await ask('lambda', 'ListFunctions')
  const { Variables } = Functions.find((one: any) => one.Description === 'tasks/batch/prepare-mysql.ts').Environment
  const { SecretString } = await ask('secretsmanager', 'GetSecretValue', { SecretId: Variables.DB_MASTER_SECRET_ARN })
  const { username: user, password } = JSON.parse(SecretString)
  return createConnection({
    host: Variables.DB_HOST,
    port: Number(Variables.DB_PORT),
    database: Variables.DB_NAME,
    user,
    password,
    ssl: { ca: readFileSync(join(cloud.dataDir, 'rds', 'ca.pem'), 'utf8') },
  })
}
