/**
 * Streams one text file from S3 into MySQL's staging table. LOCAL turns bad values and double keys into warnings, so the load
 * counts only when the server took as many records as the file has lines, and warned of none; else it is rolled back.
 */
import { pipeline, type Readable } from 'node:stream'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { z } from 'zod'
import loadOrigination from '../../sql/mysql/load-origination.sql'
import { isTransient, TaskError } from '../errors.ts'
import { writer } from '../jobs/writer.ts'
import { render, statements } from '../script.ts'
import { quarterSchema, required } from '../task.ts'
import { asLoader, mysqlEnvironment, transaction, using } from './mysql/connection.ts'
import { LineCounter } from './mysql/count-lines.ts'
import { recordsOf } from './mysql/load-answer.ts'

const s3 = new S3Client({})

export const handler = writer({
  name: 'LoadMysql',
  input: z.object({ file: z.object({ quarter: quarterSchema, key: z.string(), size: z.number() }) }),
  environment: mysqlEnvironment.extend({ PROCESSED_BUCKET: required }),
  part: ({ file }) => file.key,
  async run({ input: { file }, env, log, signal }) {
    const started = Date.now()
    const script = statements(render(loadOrigination, { FILE: file.key, QUARTER: file.quarter }))
    const records = await using(asLoader(env), (connection) =>
      transaction(connection, async () => {
        let loaded = 0
        for (const statement of script) {
          if (!/^LOAD DATA LOCAL/i.test(statement)) await connection.query(statement)
          else loaded = await load(connection, statement, env.PROCESSED_BUCKET, file.key, signal)
        }
        return loaded
      }),
    )
    log.info('Loaded a file', { key: file.key, bytes: file.size, records, seconds: (Date.now() - started) / 1000 })
    return { records }
  },
})

/** @throws MysqlLoadRefused when the server refused a value or warned of one, or records differ from lines */
async function load(
  connection: Connection,
  statement: string,
  bucket: string,
  key: string,
  signal: AbortSignal,
): Promise<number> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal })
  // The server's limit on one packet is far above a chunk of this stream, and mysql2 holds the stream when the socket is full.
  const lines = pipeline(Body as Readable, new LineCounter(), () => {})
  const query = { sql: statement, infileStreamFactory: () => lines }
  const [result] = await connection.query<ResultSetHeader>(query).catch((error: unknown) => {
    const { sqlState, message } = error as { sqlState?: string; message: string }
    if (sqlState === undefined || isTransient(error)) throw error
    throw new TaskError(
      'MysqlLoadRefused',
      `MySQL refused s3://${bucket}/${key}: ${message}. Nothing of the file was kept.`,
      { cause: error },
    )
  })

  const { records, skipped, warnings } = recordsOf(result.info)
  if (records === lines.lines && skipped === 0 && warnings === 0) return records
  const said = warnings === 0 ? '' : ` MySQL says: ${(await warningsOf(connection)).join('; ')}`
  throw new TaskError(
    'MysqlLoadRefused',
    `s3://${bucket}/${key} has ${lines.lines} lines, but MySQL read ${records} records, skipped ${skipped} and warned ${warnings} times. Nothing of the file was kept.${said}`,
  )
}

async function warningsOf(connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SHOW WARNINGS LIMIT 3')
  return rows.map((row) => String(row.Message))
}
