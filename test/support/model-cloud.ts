/** The local cloud with sample pictures in its raw bucket, for tests of the model workflow. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, PutObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { SageMakerClient } from '@aws-sdk/client-sagemaker'
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn'
import { generateImages } from '../../data/images/generate.ts'
import { boot, type RunningCloud } from '../../local/boot.ts'
import { synthesize } from '../../local/deploy/synth.ts'

export interface ModelCloud {
  cloud: RunningCloud
  /** The folder of the sample pictures: a folder a class. */
  folder: string
  raw: string
  processed: string
  s3: S3Client
  sagemaker: SageMakerClient
  runtime: SageMakerRuntimeClient
  put(key: string, body: Uint8Array | string, bucket?: string): Promise<void>
  bytes(key: string, bucket?: string): Promise<Uint8Array>
  text(key: string, bucket?: string): Promise<string>
  keys(prefix: string, bucket?: string): Promise<string[]>
  /** Starts the model workflow, or another state machine. */
  start(input?: object, machine?: string): Promise<string>
  /** Runs it to its end; a success has its output parsed. */
  run(input?: object, machine?: string): Promise<DescribeExecutionCommandOutput & { result: any }>
  end(executionArn: string): Promise<DescribeExecutionCommandOutput & { result: any }>
  abort(executionArn: string): Promise<void>
  close(): Promise<void>
}

const POLL_MS = 100
const END_MS = 240_000

export async function startModelCloud(images = 40): Promise<ModelCloud> {
  const root = mkdtempSync(join(tmpdir(), 'stepwell-model-'))
  const folder = join(root, 'images')
  await generateImages({ folder, images })
  const cloud = await boot({ assembly: await synthesize(), dataDir: join(root, 'data'), port: 0, warm: true })
  const options = {
    endpoint: cloud.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
  }
  const clients = {
    s3: new S3Client(options),
    sagemaker: new SageMakerClient(options),
    runtime: new SageMakerRuntimeClient(options),
    sfn: new SFNClient(options),
  }
  const raw = cloud.outputs.RawBucketName!
  const processed = cloud.outputs.ProcessedBucketName!
  const model: ModelCloud = {
    cloud,
    folder,
    raw,
    processed,
    ...clients,
    async put(Key, Body, Bucket = raw) {
      await clients.s3.send(new PutObjectCommand({ Bucket, Key, Body }))
    },
    async bytes(Key, Bucket = processed) {
      const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket, Key }))
      return Body!.transformToByteArray()
    },
    text: async (key, bucket) => Buffer.from(await model.bytes(key, bucket)).toString(),
    async keys(Prefix, Bucket = processed) {
      const keys: string[] = []
      for await (const { Contents = [] } of paginateListObjectsV2({ client: clients.s3 }, { Bucket, Prefix }))
        keys.push(...Contents.map(({ Key }) => Key!))
      return keys
    },
    async start(input = {}, machine = 'ModelStateMachineArn') {
      const stateMachineArn = cloud.outputs[machine]!
      const started = await clients.sfn.send(
        new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
      )
      return started.executionArn!
    },
    run: async (input, machine) => model.end(await model.start(input, machine)),
    async end(executionArn) {
      const deadline = Date.now() + END_MS
      for (;;) {
        const execution = await clients.sfn.send(new DescribeExecutionCommand({ executionArn }))
        if (execution.status !== 'RUNNING')
          return { ...execution, result: execution.output && JSON.parse(execution.output) }
        if (Date.now() > deadline) throw new Error(`${executionArn} is still running.`)
        await sleep(POLL_MS)
      }
    },
    async abort(executionArn) {
      await clients.sfn.send(new StopExecutionCommand({ executionArn }))
    },
    async close() {
      for (const client of Object.values(clients)) client.destroy()
      await cloud.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
  for (const name of ['penguin', 'not-penguin']) {
    for (const file of readdirSync(join(folder, name)))
      await model.put(`images/${name}/${file}`, readFileSync(join(folder, name, file)))
  }
  return model
}
