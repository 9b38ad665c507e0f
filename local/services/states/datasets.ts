/**
 * What distributed Maps read and write in S3, through the door as the machine's role
 * (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html).
 */
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parse as parseCsv } from 'csv-parse'
import type { Cloud } from '../../cloud.ts'
import { StatesError } from '../../engines/states/errors.ts'
import { isObject, type Json, type JsonObject } from '../../engines/states/json.ts'
import type { ChildResult, DatasetRequest, Datasets } from '../../engines/states/ports.ts'
import type { Principal } from '../../gateway/principal.ts'

export class CloudDatasets implements Datasets {
  readonly #cloud: Cloud

  constructor(cloud: Cloud) {
    this.#cloud = cloud
  }

  async *read(request: DatasetRequest): AsyncIterable<Json> {
    try {
      const principal = this.#principal(request)
      const config = (request.config ?? {}) as JsonObject
      const args = request.arguments as JsonObject
      const action = request.resource.split(':').at(-1)
      if (action === 'listObjectsV2') yield* this.#list(principal, args, config)
      else if (action === 'getObject') yield* this.#object(principal, args, config)
      else throw new Error(`The resource ${request.resource} reads no items.`)
    } catch (error) {
      if (error instanceof StatesError) throw error
      const { name, message } = error as Error
      throw new StatesError('States.ItemReaderFailed', name === 'Error' ? message : `${name}: ${message}`)
    }
  }

  #principal(request: DatasetRequest): Principal {
    const { roleArn, name } = request.execution
    return this.#cloud.assumeRole(roleArn, 'states.amazonaws.com', name.replace(/[^\w+=,.@-]/g, '_').slice(0, 64))
      .principal
  }

  async *#list(principal: Principal, args: JsonObject, config: JsonObject): AsyncIterable<Json> {
    let ContinuationToken: string | undefined
    do {
      const page: any = await this.#cloud.call(principal, 's3', 'ListObjectsV2', {
        ...args,
        ...(ContinuationToken !== undefined && { ContinuationToken }),
      })
      for (const { Key, ETag, LastModified, Size, StorageClass } of page.Contents ?? []) {
        if (config.Transformation === 'LOAD_AND_FLATTEN')
          yield* this.#object(principal, { Bucket: args.Bucket!, Key }, config)
        else
          yield {
            Etag: ETag ?? '',
            Key,
            LastModified: Math.floor(new Date(LastModified).getTime() / 1000),
            Size: Size ?? 0,
            StorageClass: StorageClass ?? 'STANDARD',
          }
      }
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken !== undefined)
  }

  async #body(principal: Principal, args: JsonObject): Promise<Readable> {
    const { Body } = await this.#cloud.call(principal, 's3', 'GetObject', args)
    const stream = Body instanceof Readable ? Body : Readable.from([Buffer.from(Body)])
    return String(args.Key).endsWith('.gz') ? stream.pipe(createGunzip()) : stream
  }

  async *#object(principal: Principal, args: JsonObject, config: JsonObject): AsyncIterable<Json> {
    switch (config.InputType ?? 'JSON') {
      case 'JSON':
        yield* jsonItems(await text(await this.#body(principal, args)), config)
        break
      case 'JSONL':
        for await (const line of createInterface({ input: await this.#body(principal, args) }))
          if (line.trim() !== '') yield JSON.parse(line) as Json
        break
      case 'CSV':
        yield* csvItems(await this.#body(principal, args), config)
        break
      case 'MANIFEST':
        yield* this.#manifest(principal, args)
        break
      case 'PARQUET':
        yield* this.#parquet(principal, args)
        break
      default:
        throw new Error(`The input type ${String(config.InputType)} is not supported.`)
    }
  }

  /** An S3 inventory: its manifest names files of CSV, without headers, whose columns the manifest's schema names. */
  async *#manifest(principal: Principal, args: JsonObject): AsyncIterable<Json> {
    const manifest = JSON.parse(await text(await this.#body(principal, args))) as any
    const columns: string[] = String(manifest.fileSchema ?? '')
      .split(',')
      .map((name) => name.trim())
    const Bucket = String(manifest.destinationBucket ?? args.Bucket).replace(/^arn:aws:s3:::/, '')
    for (const { key } of manifest.files ?? [])
      yield* csvItems(await this.#body(principal, { Bucket, Key: key }), {
        CSVHeaderLocation: 'GIVEN',
        CSVHeaders: columns,
      })
  }

  async *#parquet(principal: Principal, args: JsonObject): AsyncIterable<Json> {
    const path = await this.#cloud.locate(principal, `s3://${args.Bucket}/${args.Key}`, 'read')
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    try {
      const result = await connection.stream(`select to_json(t) as item from read_parquet($1) t`, [path])
      for await (const rows of result.yieldRowObjectJson())
        for (const row of rows) yield JSON.parse(String(row.item)) as Json
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  }

  async write(request: DatasetRequest & { mapRunArn: string; results: readonly ChildResult[] }): Promise<Json> {
    const args = request.arguments as { Bucket?: string; Prefix?: string }
    const config = (request.config ?? {}) as { Transformation?: string; OutputType?: string }
    const principal = this.#principal(request)
    const folder = [args.Prefix?.replace(/\/$/, ''), request.mapRunArn.split(':').at(-1)].filter(Boolean).join('/')
    const lines = config.OutputType === 'JSONL'
    const files: Record<string, { Key: string; Size: number }[]> = { FAILED: [], PENDING: [], SUCCEEDED: [] }
    const put = async (Key: string, Body: string) => {
      await this.#cloud.call(principal, 's3', 'PutObject', { Bucket: args.Bucket, Key, Body: Buffer.from(Body) })
      return { Key, Size: Buffer.byteLength(Body) }
    }
    try {
      for (const [name, succeeded] of [
        ['SUCCEEDED', true],
        ['FAILED', false],
      ] as const) {
        const results = request.results.filter((child) => (child.status === 'SUCCEEDED') === succeeded)
        if (results.length === 0) continue
        const entries = results.flatMap((child) => shownResult(child, succeeded ? config.Transformation : 'NONE'))
        const body = lines ? entries.map((entry) => JSON.stringify(entry)).join('\n') : JSON.stringify(entries)
        files[name]!.push(await put(`${folder}/${name}_0.${lines ? 'jsonl' : 'json'}`, body))
      }
      const Key = `${folder}/manifest.json`
      await put(
        Key,
        JSON.stringify({ DestinationBucket: args.Bucket, MapRunArn: request.mapRunArn, ResultFiles: files }),
      )
      return { MapRunArn: request.mapRunArn, ResultWriterDetails: { Bucket: args.Bucket ?? '', Key } }
    } catch (error) {
      const { name, message } = error as Error
      throw new StatesError('States.ResultWriterFailed', `${name}: ${message}`)
    }
  }
}

async function text(stream: Readable): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(Buffer.from(part))
  return Buffer.concat(parts).toString()
}

/** The array of a JSON text, or the one that ItemsPointer (a JSON pointer) names; an object gives its members. */
function* jsonItems(source: string, config: JsonObject): Iterable<Json> {
  let value = JSON.parse(source) as Json
  for (const part of String(config.ItemsPointer ?? '')
    .split('/')
    .slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    value = (value as any)?.[key]
  }
  if (Array.isArray(value)) yield* value
  else if (isObject(value)) for (const [Key, Value] of Object.entries(value)) yield { Key, Value }
  else throw new Error('Attempting to map over non-iterable node.')
}

const delimiters: Record<string, string> = { COMMA: ',', PIPE: '|', SEMICOLON: ';', SPACE: ' ', TAB: '\t' }

async function* csvItems(stream: Readable, config: JsonObject): AsyncIterable<Json> {
  const given = config.CSVHeaderLocation === 'GIVEN'
  const parser = stream.pipe(
    parseCsv({
      columns: given ? (config.CSVHeaders as string[]) : true,
      delimiter: delimiters[String(config.CSVDelimiter ?? 'COMMA')] ?? ',',
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }),
  )
  for await (const row of parser) yield row as Json
}

/** What a result file shows of a child: all of it, its output, or the items of its output. */
function shownResult(child: ChildResult, transformation: string | undefined): Json[] {
  const output = child.output === undefined ? undefined : (JSON.parse(child.output) as Json)
  if (transformation === 'COMPACT') return [output ?? null]
  if (transformation === 'FLATTEN') return Array.isArray(output) ? output : [output ?? null]
  return [
    {
      ExecutionArn: child.arn,
      Input: child.input,
      InputDetails: { Included: true },
      Name: child.name,
      ...(child.output !== undefined && { Output: child.output, OutputDetails: { Included: true } }),
      ...(child.error !== undefined && { Error: child.error }),
      ...(child.cause !== undefined && { Cause: child.cause }),
      StartDate: new Date(child.startTime).toISOString(),
      Status: child.status,
      StopDate: new Date(child.stopTime).toISOString(),
    },
  ]
}
