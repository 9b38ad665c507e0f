/** What a Hive step wrote: EMR keeps a step's output below the cluster's LogUri in S3. */
import { gunzipSync } from 'node:zlib'
import { DescribeClusterCommand } from '@aws-sdk/client-emr'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import type { Clients } from '../clients.ts'
import type { StateRun } from '../timeline.ts'

interface Step {
  clusterId: string
  stepId: string
}

/** The step of a state that runs one: its result names it, or the cause of its failure. */
export function stepOf({ result, cause }: Pick<StateRun, 'result' | 'cause'>): Step | undefined {
  const { stepId, clusterId } = (result ?? {}) as Partial<Record<keyof Step, unknown>>
  if (typeof stepId === 'string' && typeof clusterId === 'string') return { stepId, clusterId }
  const step = /\bs-[A-Z0-9]{10,}\b/.exec(cause ?? '')?.[0]
  const cluster = /\bj-[A-Z0-9]{10,}\b/.exec(cause ?? '')?.[0]
  return step && cluster ? { stepId: step, clusterId: cluster } : undefined
}

/** Its stdout and stderr, as far as they are there and hold something. */
export async function stepLog(
  { emr, s3 }: Pick<Clients, 'emr' | 's3'>,
  step: Step,
): Promise<{ uri: string; text: string }[]> {
  const { Cluster } = await emr.send(new DescribeClusterCommand({ ClusterId: step.clusterId }))
  const match = /^s3n?:\/\/([^/]+)\/?(.*)$/.exec(Cluster?.LogUri ?? '')
  if (!match) return []
  const [, bucket, prefix = ''] = match
  const folder = `${prefix && !prefix.endsWith('/') ? `${prefix}/` : prefix}${step.clusterId}/steps/${step.stepId}/`
  const logs: { uri: string; text: string }[] = []
  for (const name of ['stderr', 'stdout']) {
    // EMR compresses what it uploads.
    for (const key of [`${folder}${name}.gz`, `${folder}${name}`]) {
      const bytes = await read(s3, bucket!, key)
      if (!bytes) continue
      const text = (key.endsWith('.gz') ? gunzipSync(bytes) : Buffer.from(bytes)).toString()
      if (text.trim() !== '') logs.push({ uri: `s3://${bucket}/${key}`, text })
      break
    }
  }
  return logs
}

async function read(s3: Clients['s3'], Bucket: string, Key: string): Promise<Uint8Array | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    return await Body?.transformToByteArray()
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined
    throw error
  }
}
