/** Connections to MySQL: always over TLS with the CA of RDS, as the loader (IAM token) or as master (secret). */
import { readFile } from 'node:fs/promises'
import { Signer } from '@aws-sdk/rds-signer'
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise'
import { z } from 'zod'
import { required } from '../../task.ts'

/** The *mysql* group of environment variables. */
export const mysqlEnvironment = z.object({
  DB_HOST: required,
  DB_PORT: z.coerce.number().int(),
  DB_NAME: required,
  DB_USER: required,
  DB_CA_FILE: required,
})

type Environment = z.output<typeof mysqlEnvironment>

/**
 * Signs in with an IAM token, which is valid for 15 minutes and made without a call. The clear-text plugin sends it inside TLS.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
export async function asLoader(env: Environment): Promise<Connection> {
  const { DB_HOST: hostname, DB_PORT: port, DB_USER: username } = env
  const token = await new Signer({ hostname, port, username }).getAuthToken()
  return connect(env, {
    user: username,
    password: token,
    database: env.DB_NAME,
    enableCleartextPlugin: true,
    flags: ['+LOCAL_FILES'],
  })
}

export function asMaster(env: Environment, credentials: { username: string; password: string }): Promise<Connection> {
  return connect(env, { user: credentials.username, password: credentials.password })
}

async function connect(env: Environment, options: ConnectionOptions): Promise<Connection> {
  return createConnection({
    host: env.DB_HOST,
    port: env.DB_PORT,
    ssl: { ca: await readFile(env.DB_CA_FILE, 'utf8'), minVersion: 'TLSv1.2', verifyIdentity: true },
    charset: 'utf8mb4',
    connectTimeout: 15_000,
    supportBigNumbers: true,
    ...options,
  })
}

/** Runs `work` with a connection and closes it. */
export async function using<Result>(
  connection: Promise<Connection>,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const open = await connection
  try {
    return await work(open)
  } finally {
    // Not end(): after an error the server may wait for something that never comes.
    open.destroy()
  }
}

/** One transaction: committed when `work` returns, rolled back when it throws. */
export async function transaction<Result>(connection: Connection, work: () => Promise<Result>): Promise<Result> {
  await connection.beginTransaction()
  try {
    const result = await work()
    await connection.commit()
    return result
  } catch (error) {
    await connection.rollback().catch(() => {})
    throw error
  }
}
