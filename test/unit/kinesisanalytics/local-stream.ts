/** The stream's services in a process of their own: started, set up, killed, and read from where they put their objects. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose'
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import {
  CreateApplicationCommand,
  KinesisAnalyticsV2Client,
  StartApplicationCommand,
} from '@aws-sdk/client-kinesis-analytics-v2'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import yazl from 'yazl'
import { whenActive } from '../../../cli/stream/run-stream.ts'
import { usersApplication } from './users-application.ts'

const server = fileURLToPath(new URL('stream-server.ts', import.meta.url))
const script = new URL('../../../sql/flink/users.sql', import.meta.url)
const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`
const SINKS = ['users', 'errors', 'counts'] as const
const lambdaArn = 'arn:aws:lambda:us-east-1:000000000000:function:transform'

export interface SetUp {
  shards?: number
  checkpointMs?: number
  /** Of the transformation. */
  retries?: number
  transformMb?: number
}

export class LocalStream {
  readonly folder = mkdtempSync(join(tmpdir(), 'local-stream-'))
  #child: ChildProcess | undefined
  #url = ''

  /** Does not wait until it is up. @param flags {@link file://./stream-server.ts} */
  launch(...flags: string[]): ChildProcess {
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', server, this.folder, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return this.#child
  }

  async up(...flags: string[]): Promise<void> {
    const [line] = await once(this.launch(...flags).stdout!, 'data')
    this.#url = String(line).trim()
  }

  async kill(): Promise<void> {
    if (this.#child?.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  get options() {
    return {
      endpoint: this.#url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIAADMINISTRATOR', secretAccessKey: 'any' },
      maxAttempts: 1,
    }
  }

  /** The stream `users`, the delivery streams `users`, `errors` and `counts`, and the application that joins them, running. */
  async setUp({ shards = 1, checkpointMs = 500, retries = 3, transformMb = 1 }: SetUp = {}): Promise<void> {
    const zip = new yazl.ZipFile()
    zip.addBuffer(Buffer.from('# the runner'), 'main.py')
    zip.addBuffer(readFileSync(script), 'job.sql')
    zip.end()
    const code = await buffer(zip.outputStream)
    await new S3Client(this.options).send(new PutObjectCommand({ Bucket: 'lake', Key: 'code.zip', Body: code }))
    const kinesis = new KinesisClient(this.options)
    await kinesis.send(new CreateStreamCommand({ StreamName: 'users', ShardCount: shards }))
    // Until it is ACTIVE, a stream is not there for those who put records.
    await whenActive(kinesis, 'users', AbortSignal.timeout(20_000))
    kinesis.destroy()
    for (const name of SINKS) await this.createDeliveryStream(name, retries, transformMb)
    const analytics = new KinesisAnalyticsV2Client(this.options)
    await analytics.send(
      new CreateApplicationCommand({
        ...usersApplication({
          role: role('Application'),
          code: { bucketArn: 'arn:aws:s3:::lake', key: 'code.zip' },
          sinks: SINKS,
          checkpointMs,
        }),
      }),
    )
    await analytics.send(new StartApplicationCommand({ ApplicationName: 'users' }))
  }

  /** To the prefix of its name, with what the transformation `transform` fails on below `failed/<name>/`. */
  async createDeliveryStream(name: string, retries: number, transformMb: number): Promise<void> {
    const parameters = {
      LambdaArn: lambdaArn,
      BufferIntervalInSeconds: '0',
      BufferSizeInMBs: String(transformMb),
      NumberOfRetries: String(retries),
    }
    await new FirehoseClient(this.options).send(
      new CreateDeliveryStreamCommand({
        DeliveryStreamName: name,
        ExtendedS3DestinationConfiguration: {
          RoleARN: role('Delivery'),
          BucketARN: 'arn:aws:s3:::lake',
          Prefix: `${name}/`,
          ErrorOutputPrefix: `failed/${name}/!{firehose:error-output-type}/`,
          BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 1 },
          ProcessingConfiguration: {
            Enabled: true,
            Processors: [
              {
                Type: 'Lambda',
                Parameters: Object.entries(parameters).map(([ParameterName, ParameterValue]) => ({
                  ParameterName: ParameterName as keyof typeof parameters,
                  ParameterValue,
                })),
              },
            ],
          },
        },
      }),
    )
  }

  /** The JSON lines below a prefix. */
  rows(prefix: string): any[] {
    const files = globSync(join(this.folder, 'data', 's3', 'lake', prefix, '**', '*'), { withFileTypes: true })
    return files
      .filter((entry) => entry.isFile())
      .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n'))
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }
}
