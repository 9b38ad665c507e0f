/**
 * Streams text files from S3, or a part of a large one, into MySQL's staging table, in one transaction. LOCAL turns bad values and double keys into
 * warnings, so the load counts only when the server took as many records as there are lines, and warned of none; else it is rolled back.
 */
import { pipeline, Readable } from 'node:stream'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { z } from 'zod'
import loadOrigination from '../../sql/mysql/load-origination.sql'
import { isTransient, TaskError } from '../errors.ts'
import { writer } from '../jobs/writer.ts'
import { render, statements } from '../script.ts'
import { quarterSchema, required } from '../task.ts'
import type { ExportFile } from './list-export-files.ts'
import { asLoader, mysqlEnvironment, transaction, using } from './mysql/connection.ts'
import { LineCounter } from './mysql/count-lines.ts'
import { recordsOf } from './mysql/load-answer.ts'
import { linesOf } from './mysql/part-lines.ts'

const s3 = new S3Client({})

export const handler = writer({
  name: 'LoadMysql',
  input: z.object({
    load: z.object({
      parts: z
        .array(
          z.object({ quarter: quarterSchema, key: z.string(), from: z.number(), to: z.number(), size: z.number() }),
        )
        .min(1),
    }),
  }),
  environment: mysqlEnvironment.extend({ PROCESSED_BUCKET: required }),
  part: ({ load: { parts } }) => `${parts[0]?.key}#${parts[0]?.from}`,
  async run({ input: { load }, env, log, signal }) {
    const started = Date.now()
    const records = await using(asLoader(env), (connection) =>
      transaction(connection, async () => {
        let loaded = 0
        for (const part of load.parts) loaded += await loadPart(connection, env.PROCESSED_BUCKET, part, signal)
        return loaded
      }),
    )
    log.info('Loaded into staging', {
      parts: load.parts.map(({ key, from }) => `${key}#${from}`),
      bytes: load.parts.reduce((sum, { from, to }) => sum + to - from, 0),
      records,
      seconds: (Date.now() - started) / 1000,
    })
    return { records }
  },
})

/** @throws MysqlLoadRefused as {@link stream} */
async function loadPart(
  connection: Connection,
  bucket: string,
  part: ExportFile,
  signal: AbortSignal,
): Promise<number> {
  let records = 0
  for (const statement of statements(render(loadOrigination, { FILE: part.key, QUARTER: part.quarter }))) {
    if (!/^LOAD DATA LOCAL/i.test(statement)) await connection.query(statement)
    else records = await stream(connection, statement, bucket, part, signal)
  }
  return records
}

/** @throws MysqlLoadRefused when the server refused a value or warned of one, or records differ from lines */
async function stream(
  connection: Connection,
  statement: string,
  bucket: string,
  file: ExportFile,
  signal: AbortSignal,
): Promise<number> {
  const place = `bytes ${file.from} to ${file.to} of s3://${bucket}/${file.key}`
  const read = async (from: number, to: number) => {
    const range = { Bucket: bucket, Key: file.key, Range: `bytes=${from}-${to - 1}` }
    return (await s3.send(new GetObjectCommand(range), { abortSignal: signal })).Body as Readable
  }
  // The server's limit on one packet is far above a chunk of this stream, and mysql2 holds the stream when the socket is full.
  const lines = pipeline(Readable.from(linesOf(file, read), { objectMode: false }), new LineCounter(), () => {})
  const query = { sql: statement, infileStreamFactory: () => lines }
  const [result] = await connection.query<ResultSetHeader>(query).catch((error: unknown) => {
    const { sqlState, message } = error as { sqlState?: string; message: string }
    if (sqlState === undefined || isTransient(error)) throw error
    throw new TaskError('MysqlLoadRefused', `MySQL refused ${place}: ${message}. Nothing of them was kept.`, {
      cause: error,
    })
  })

  const { records, skipped, warnings } = recordsOf(result.info)
  if (records === lines.lines && skipped === 0 && warnings === 0) return records
  const said = warnings === 0 ? '' : ` MySQL says: ${(await warningsOf(connection)).join('; ')}`
  throw new TaskError(
    'MysqlLoadRefused',
    `The ${place} hold ${lines.lines} lines, but MySQL read ${records} records, skipped ${skipped} and warned ${warnings} times. Nothing of them was kept.${said}`,
  )
}

async function warningsOf(connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SHOW WARNINGS LIMIT 3')
  return rows.map((row) => String(row.Message))
}
