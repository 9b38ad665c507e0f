/**
 * What the four states that run a Hive script have in common: the script becomes a step of the cluster, under a name that a retry finds
 * again, and the state waits until the step has ended.
 */
import { AddJobFlowStepsCommand, EMRClient, paginateListSteps, type StepSummary } from '@aws-sdk/client-emr'
import { z } from 'zod'
import { ClusterMissing, TaskError } from '../../errors.ts'
import { jobsOfExecution } from '../../jobs/job.ts'
import { clusterEnd } from '../../jobs/outcome.ts'
import { track } from '../../jobs/settle.ts'
import { writer } from '../../jobs/writer.ts'
import { quotedList } from '../../script.ts'
import { executionSchema, quarterSchema, required } from '../../task.ts'
import { runId } from './run-id.ts'

interface Script {
  /** The state's name. */
  name: string
  /** The environment variable that holds the script's `s3://bucket/key`. */
  variable: string
  /** What the script makes is gone with its cluster (tables of the metastore), so a second cluster needs it again. */
  everyCluster?: boolean
}

const emr = new EMRClient({})

/**
 * A handler that runs a Hive script on the cluster.
 *
 * @throws ClusterMissing when the cluster has ended: the execution was redriven, or the cluster was lost between two states
 */
export function runScript({ name, variable, everyCluster = false }: Script) {
  return writer({
    name,
    input: z.object({
      execution: executionSchema,
      state: z.string(),
      token: required,
      clusterId: required,
      quarters: z.array(quarterSchema).min(1),
    }),
    environment: z
      .object({ JOBS_TABLE: required, RAW_BUCKET: required, PROCESSED_BUCKET: required })
      .and(z.record(z.literal(variable), z.string().regex(/^s3:\/\/[^/]+\/.+/, 'must be s3://bucket/key'))),
    async run({ input, env, log }) {
      const { execution, state, token, clusterId, quarters } = input
      const stepName = `${execution.name}#${name}`
      const job = { kind: 'step' as const, name: stepName, state, executionArn: execution.arn, token }

      const cluster = await clusterEnd(clusterId)
      if (!everyCluster) {
        const done = (await jobsOfExecution(env.JOBS_TABLE, execution.arn)).find(
          (other) => other.name === stepName && other.status === 'succeeded',
        )
        // On an earlier cluster: what the script wrote is in S3.
        if (done?.clusterId) {
          await track(env.JOBS_TABLE, { ...job, jobId: done.jobId, clusterId: done.clusterId }, log)
          return { stepId: done.jobId }
        }
      }
      if (cluster.is === 'ended') throw new ClusterMissing(`The cluster ${clusterId} for ${stepName} ${cluster.how}`)

      const { adopted, ended } = await earlier(clusterId, stepName)
      const stepId =
        adopted ??
        (await addStep(clusterId, ended === 0 ? stepName : `${stepName}#${ended + 1}`, env[variable] ?? '', {
          RAW: `s3://${env.RAW_BUCKET}`,
          PROCESSED: `s3://${env.PROCESSED_BUCKET}`,
          QUARTERS: quotedList(quarters),
          RUN: runId(execution),
        }))
      await track(env.JOBS_TABLE, { ...job, jobId: stepId, clusterId }, log)
      return { stepId }
    },
  })
}

/** A step of that name which lives or has succeeded, and how many have failed. */
async function earlier(clusterId: string, name: string): Promise<{ adopted: string | undefined; ended: number }> {
  const steps: StepSummary[] = []
  for await (const page of paginateListSteps({ client: emr }, { ClusterId: clusterId })) {
    for (const step of page.Steps ?? []) {
      if (step.Name === name || step.Name?.startsWith(`${name}#`)) steps.push(step)
    }
  }
  const good = steps.find(({ Status }) => ['PENDING', 'RUNNING', 'COMPLETED'].includes(Status?.State ?? ''))
  return { adopted: good?.Id, ended: steps.length }
}

/** AddJobFlowSteps knows no client token: the step's name is what a retry looks for. */
async function addStep(
  clusterId: string,
  name: string,
  script: string,
  variables: Record<string, string>,
): Promise<string> {
  const definitions = Object.entries(variables).flatMap(([key, value]) => ['-d', `${key}=${value}`])
  const { StepIds } = await emr.send(
    new AddJobFlowStepsCommand({
      JobFlowId: clusterId,
      Steps: [
        {
          Name: name,
          // Step Functions decides what a failure means, and ends the cluster.
          ActionOnFailure: 'CONTINUE',
          HadoopJarStep: {
            Jar: 'command-runner.jar',
            Args: ['hive-script', '--run-hive-script', '--args', '-f', script, ...definitions],
          },
        },
      ],
    }),
  )
  const stepId = StepIds?.[0]
  if (!stepId) throw new TaskError('HiveStepFailed', `AddJobFlowSteps gave no id for the step ${name} of ${clusterId}.`)
  return stepId
}
