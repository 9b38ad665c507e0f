/** Makes MySQL ready, as master: the database, its tables, the loader's account, and an empty staging table. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { z } from 'zod'
import createTables from '../../sql/mysql/create-tables.sql'
import { ConfigurationError } from '../errors.ts'
import { writer } from '../jobs/writer.ts'
import { render, statements } from '../script.ts'
import { quarterSchema, required } from '../task.ts'
import { asMaster, mysqlEnvironment, using } from './mysql/connection.ts'

const masterSchema = z.object({ username: z.string(), password: z.string() })

const secrets = new SecretsManagerClient({})

export const handler = writer({
  name: 'PrepareMysql',
  input: z.object({ quarters: z.array(quarterSchema) }),
  environment: mysqlEnvironment.extend({ DB_MASTER_SECRET_ARN: required }),
  async run({ env, log }) {
    const script = statements(render(createTables, { DATABASE: env.DB_NAME, LOADER: env.DB_USER }))
    await using(asMaster(env, await master(env.DB_MASTER_SECRET_ARN)), async (connection) => {
      for (const statement of script) await connection.query(statement)
    })
    log.info('MySQL is ready', { database: env.DB_NAME, statements: script.length })
    return { statements: script.length }
  },
})

async function master(secretArn: string): Promise<z.output<typeof masterSchema>> {
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }))
  try {
    return masterSchema.parse(JSON.parse(SecretString ?? ''))
  } catch {
    // Not the parser's own error: it quotes what it read.
    throw new ConfigurationError(
      `The secret ${secretArn} is not the JSON of a database's master user ("username", "password").`,
    )
  }
}
