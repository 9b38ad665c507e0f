/** The workflow's MySQL database, as its master. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createConnection, type ResultSetHeader } from 'mysql2/promise'
import type { RunningCloud } from '../../local/boot.ts'

/** Runs one statement in the database `loans`. @returns how many rows it changed */
export async function changeMysql({ cloud }: RunningCloud, sql: string): Promise<number> {
  const ask = (service: string, operation: string, input = {}) =>
    cloud.call<any>(cloud.admin, service, operation, input)
  const { Functions } = await ask('lambda', 'ListFunctions')
  const { Variables } = Functions.find((one: any) => one.Description === 'tasks/batch/prepare-mysql.ts').Environment
  const { SecretString } = await ask('secretsmanager', 'GetSecretValue', { SecretId: Variables.DB_MASTER_SECRET_ARN })
  const { username: user, password } = JSON.parse(SecretString)
  const connection = await createConnection({
    host: Variables.DB_HOST,
    port: Number(Variables.DB_PORT),
    database: Variables.DB_NAME,
    user,
    password,
    ssl: { ca: readFileSync(join(cloud.dataDir, 'rds', 'ca.pem'), 'utf8') },
  })
  try {
    const [{ affectedRows }] = await connection.query<ResultSetHeader>(sql)
    return affectedRows
  } finally {
    connection.destroy()
  }
}
