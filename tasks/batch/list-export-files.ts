/** Lists the text files that the Hive stage wrote for MySQL; one LoadMysql loads one of them. */
import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { TaskError } from '../errors.ts'
import { quarterSchema, required, task } from '../task.ts'
import { isDataFile } from './hive/data-file.ts'

export interface ExportFile {
  quarter: string
  key: string
  size: number
}

/** A state's payload holds 256 KiB. */
const MAX_PAYLOAD_BYTES = 240 * 1024

const s3 = new S3Client({})

export const handler = task({
  name: 'ListExportFiles',
  input: z.object({ quarters: z.array(quarterSchema).min(1) }),
  environment: z.object({ PROCESSED_BUCKET: required }),
  async run({ input: { quarters }, env, log }) {
    const files: ExportFile[] = []
    for (const quarter of quarters) files.push(...(await filesOf(env.PROCESSED_BUCKET, quarter)))
    const bytes = Buffer.byteLength(JSON.stringify({ files }))
    if (bytes > MAX_PAYLOAD_BYTES) {
      throw new TaskError(
        'TooManyFiles',
        `${files.length} export files of ${quarters.length} quarters make a list of ${bytes} bytes, more than a state can pass on. Load fewer quarters at a time (input "quarters"), or let Hive write larger files.`,
      )
    }
    log.info('Found the export', { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) })
    return { files }
  },
})

async function filesOf(bucket: string, quarter: string): Promise<ExportFile[]> {
  const Prefix = `export/origination/quarter=${quarter}/`
  const files: ExportFile[] = []
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix })) {
    for (const object of (page.Contents ?? []).filter(isDataFile)) {
      files.push({ quarter, key: object.Key ?? '', size: object.Size ?? 0 })
    }
  }
  if (files.length === 0) {
    throw new TaskError(
      'ExportMissing',
      `s3://${bucket}/${Prefix} holds no file for MySQL. See the log of the step ProcessOrigination.`,
    )
  }
  return files
}
