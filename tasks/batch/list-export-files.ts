/** Lists the text files that the Hive stage wrote for MySQL, in loads of bounded size, one for each LoadMysql: large files cut, small ones together. */
import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { TaskError } from '../errors.ts'
import { quarterSchema, required, task } from '../task.ts'
import { isDataFile } from './hive/data-file.ts'
import { type FilePart, partsOf } from './mysql/part-lines.ts'

/** A file or a part of one: the lines that begin in its bytes. */
export interface ExportFile extends FilePart {
  quarter: string
  key: string
}

/** What one LoadMysql works on, in one transaction. */
export interface Load {
  parts: ExportFile[]
}

const MIB = 1024 * 1024
/** Some 250,000 loans: half a minute of LoadMysql, and little to do again when one fails. */
const LARGEST_PART = 32 * MIB
/** Smaller files are loaded together: a function's start costs as much as the rows of some 8 MiB. What is larger gains by loading at once. */
const TOGETHER = 8 * MIB

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
    const loads = loadsOf(files)
    const bytes = Buffer.byteLength(JSON.stringify({ loads }))
    if (bytes > MAX_PAYLOAD_BYTES) {
      throw new TaskError(
        'TooManyFiles',
        `${files.length} parts of export files of ${quarters.length} quarters make a list of ${bytes} bytes, more than a state can pass on. Load fewer quarters at a time (input "quarters"), or let Hive write larger files.`,
      )
    }
    log.info('Found the export', {
      parts: files.length,
      loads: loads.length,
      bytes: files.reduce((sum, { from, to }) => sum + to - from, 0),
    })
    return { loads }
  },
})

function loadsOf(files: ExportFile[]): Load[] {
  const loads: Load[] = []
  let room = 0
  for (const file of files) {
    const bytes = file.to - file.from
    if (bytes > room) {
      loads.push({ parts: [] })
      room = TOGETHER
    }
    loads.at(-1)?.parts.push(file)
    room -= bytes
  }
  return loads
}

async function filesOf(bucket: string, quarter: string): Promise<ExportFile[]> {
  const Prefix = `export/origination/quarter=${quarter}/`
  const files: ExportFile[] = []
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix })) {
    for (const object of (page.Contents ?? []).filter(isDataFile)) {
      for (const part of partsOf(object.Size ?? 0, LARGEST_PART))
        files.push({ quarter, key: object.Key ?? '', ...part })
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
