/** The stream for tests: the synthesized template on the local cloud, a producer that keeps account, and executions. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn'
import { connectStream, type StreamClients } from '../../cli/stream/clients.ts'
import { boot, type RunningCloud } from '../../local/boot.ts'
import { synthesize } from '../../local/deploy/synth.ts'

export interface RunningStream {
  cloud: RunningCloud
  clients: StreamClients
  sfn: SFNClient
  dataDir: string
  /** Runs a state machine to its end. */
  run(output: 'StreamStateMachineArn' | 'StreamTeardownStateMachineArn'): Promise<{
    executionArn: string
    status: string
    error?: string
    cause?: string
    output?: any
  }>
  /** Stops the cloud and boots it again over the same data. */
  restart(): Promise<void>
  close(): Promise<void>
}

const POLL_MS = 50
const END_MS = 100_000

export async function startStream(): Promise<RunningStream> {
  const dataDir = mkdtempSync(join(tmpdir(), 'stepwell-stream-'))
  const assembly = await synthesize()
  const bootAgain = () => boot({ assembly, dataDir, port: 0, warm: true, parameters: { StreamBufferSeconds: '1' } })
  const connect = (cloud: RunningCloud) => ({
    cloud,
    clients: connectStream(cloud.url),
    sfn: new SFNClient({
      endpoint: cloud.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
    }),
  })
  const disconnect = async () => {
    stream.clients.close()
    stream.sfn.destroy()
    await stream.cloud.close()
  }
  const stream: RunningStream = {
    ...connect(await bootAgain()),
    dataDir,
    async run(output) {
      const started = await stream.sfn.send(
        new StartExecutionCommand({ stateMachineArn: stream.cloud.outputs[output]! }),
      )
      const executionArn = started.executionArn!
      for (const deadline = Date.now() + END_MS; ; await sleep(POLL_MS)) {
        const { status, error, cause, output } = await stream.sfn.send(new DescribeExecutionCommand({ executionArn }))
        if (status !== 'RUNNING')
          return {
            executionArn,
            status: status!,
            ...(error && { error }),
            ...(cause && { cause }),
            ...(output && { output: JSON.parse(output) }),
          }
        if (Date.now() > deadline) throw new Error(`${executionArn} is still running after ${END_MS} ms.`)
      }
    },
    async restart() {
      await disconnect()
      Object.assign(stream, connect(await bootAgain()))
    },
    async close() {
      await disconnect()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  return stream
}
