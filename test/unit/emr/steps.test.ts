/** Steps: scripts that run, fail, are cancelled or lost, with their logs and events. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createElasticMapReduce } from '../../../local/services/elasticmapreduce/index.ts'
import { failure } from '../../support/cloud.ts'
import { cloud, clusterIs, events, furnish, log, PACE, runJobFlow, SERVICE, script, step, stepIs } from './furnished.ts'

/** Three times thirty thousand rows against each other. */
const ENDLESS =
  "SELECT count(*) FROM (SELECT explode(split(repeat('a,', 30000), ',')) AS x) a JOIN (SELECT explode(split(repeat('a,', 30000), ',')) AS x) b ON length(a.x) + length(b.x) < 5 JOIN (SELECT explode(split(repeat('a,', 30000), ',')) AS x) c ON length(c.x) + length(b.x) + length(a.x) < 9;"

describe('A step', () => {
  it('runs a script with its variables, and leaves rows, logs and events', async () => {
    // Prepare
    const id = await runJobFlow()
    const uri = script(
      'write.hql',
      "CREATE EXTERNAL TABLE t (a INT) LOCATION '${OUT}/t';\nINSERT OVERWRITE TABLE t SELECT 7;\nSELECT a, '${WORDS}' FROM t;\n",
    )

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(uri, {}, '-d', 'OUT=s3://data', '-d', 'WORDS=a=b, c')],
    })
    const done = await stepIs(id, StepIds[0], 'COMPLETED')
    const cluster = await clusterIs(id, 'WAITING')

    // Assess
    expect(readFileSync(join(cloud.dataDir, 's3/data/t/000000_0'), 'utf8')).toBe('7\n')
    expect(log(id, StepIds[0], 'stdout')).toBe('7\ta=b, c\n')
    expect(log(id, StepIds[0], 'stderr')).toMatch(/OK\nTime taken: [\d.]+ seconds, Fetched: 1 row\(s\)\n$/)
    expect(log(id, StepIds[0], 'controller')).toContain('exit code 0')
    expect(done.Status.Timeline.EndDateTime.getTime()).toBeGreaterThanOrEqual(
      done.Status.Timeline.StartDateTime.getTime(),
    )
    expect(cluster.Status.StateChangeReason.Message).toBe('Cluster ready after last step completed.')
    const told = events().filter((event) => event.type === 'EMR Step Status Change')
    expect(told.map((event) => event.state)).toEqual(['PENDING', 'RUNNING', 'COMPLETED'])
    expect(told[2]).toMatchObject({
      severity: 'INFO',
      actionOnFailure: 'CONTINUE',
      stepId: StepIds[0],
      name: 'Script',
      clusterId: id,
    })
    expect(
      cloud.lines.some((line) => line.fields?.stepId === StepIds[0] && line.message.startsWith('Time taken')),
    ).toBe(true)
  })

  it('writes its logs before it tells that it has ended', async () => {
    // Prepare
    const id = await runJobFlow()

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(script('one.hql', 'SELECT 1;'))],
    })
    await stepIs(id, StepIds[0], 'COMPLETED')

    // Assess
    expect(readdirSync(join(cloud.dataDir, 's3/logs/emr', id, 'steps', StepIds[0])).sort()).toEqual([
      'controller.gz',
      'stderr.gz',
      'stdout.gz',
      'syslog.gz',
    ])
  })

  it('fails with script, line and statement of bad HiveQL, and the next step runs', async () => {
    // Prepare
    const id = await runJobFlow()
    const bad = script('bad.hql', 'SELECT 1;\n\nSELECT x FROM nowhere;\n')

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(bad), step(script('one.hql', 'SELECT 1;'))],
    })
    const failed = await stepIs(id, StepIds[0], 'FAILED')
    await stepIs(id, StepIds[1], 'COMPLETED')

    // Assess
    expect(failed.Status.FailureDetails.Message).toBe(
      "HiveSemanticError: Table not found 'nowhere' (bad.hql, line 3:15, statement 2: SELECT x FROM nowhere)",
    )
    expect(failed.Status.FailureDetails.LogFile).toBe(`s3://logs/emr/${id}/steps/${StepIds[0]}/stderr.gz`)
    expect(log(id, StepIds[0], 'stderr')).toContain('FAILED: HiveSemanticError')
  })

  it('that fails with CANCEL_AND_WAIT cancels the ones behind it', async () => {
    // Prepare
    const id = await runJobFlow()
    const Steps = [
      step(script('bad.hql', 'SELEC 1;'), { ActionOnFailure: 'CANCEL_AND_WAIT' }),
      step(script('one.hql', 'SELECT 1;')),
    ]

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', { JobFlowId: id, Steps })

    // Assess
    await stepIs(id, StepIds[1], 'CANCELLED')
    await clusterIs(id, 'WAITING')
  })

  it('that fails with TERMINATE_CLUSTER ends the cluster with errors', async () => {
    // Prepare
    const id = await runJobFlow()
    const Steps = [step(script('bad.hql', 'SELEC 1;'), { ActionOnFailure: 'TERMINATE_CLUSTER' })]

    // Act
    await cloud.as(SERVICE, 'AddJobFlowSteps', { JobFlowId: id, Steps })

    // Assess
    const ended = await clusterIs(id, 'TERMINATED_WITH_ERRORS')
    expect(ended.Status.StateChangeReason.Code).toBe('STEP_FAILURE')
    expect(events().at(-1).severity).toBe('CRITICAL')
  })

  it('can be cancelled while it runs', async () => {
    // Prepare
    const id = await runJobFlow()
    const endless = script('endless.hql', ENDLESS)

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(endless), step(endless)],
    })
    await stepIs(id, StepIds[0], 'RUNNING')
    const { CancelStepsInfoList } = await cloud.as(SERVICE, 'CancelSteps', { ClusterId: id, StepIds })

    // Assess
    expect(CancelStepsInfoList.map((info: any) => info.Status)).toEqual(['SUBMITTED', 'SUBMITTED'])
    await stepIs(id, StepIds[0], 'CANCELLED')
    await stepIs(id, StepIds[1], 'CANCELLED')
  })

  it('is cancelled when its cluster is terminated', async () => {
    // Prepare
    const id = await runJobFlow()
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(script('one.hql', 'SELECT 1;'))],
    })

    // Act
    await cloud.as(SERVICE, 'TerminateJobFlows', { JobFlowIds: [id] })
    await clusterIs(id, 'TERMINATED')
    const refused = await failure(() =>
      cloud.as(SERVICE, 'AddJobFlowSteps', { JobFlowId: id, Steps: [step('s3://scripts/one.hql')] }),
    )

    // Assess
    expect((await stepIs(id, StepIds[0], 'CANCELLED', 'COMPLETED')).Id).toBe(StepIds[0])
    expect(refused.message).toBe('A job flow that is shutting down, terminated, or finished may not be modified.')
  })

  it.each([
    ['spark-submit', { Jar: 'command-runner.jar', Args: ['spark-submit', 's3://x/y.py'] }, "has no 'spark-submit'"],
    ['a jar', { Jar: 's3://x/y.jar', Args: [] }, 'There is no JVM here'],
    [
      'a missing script',
      {
        Jar: 'command-runner.jar',
        Args: ['hive-script', '--run-hive-script', '--args', '-f', 's3://scripts/none.hql'],
      },
      'there is no such object',
    ],
    ['an option that Hive does not have', { Jar: 'command-runner.jar', Args: ['hive', '-x'] }, 'no option -x'],
  ])('fails with the reason for %s', async (_, HadoopJarStep, message) => {
    // Prepare
    const id = await runJobFlow()

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [{ Name: 'x', ActionOnFailure: 'CONTINUE', HadoopJarStep }],
    })

    // Assess
    expect((await stepIs(id, StepIds[0], 'FAILED')).Status.FailureDetails.Message).toContain(message)
    expect(log(id, StepIds[0], 'stderr')).toContain(message)
  })

  it('fails the step that ran when the local cloud was stopped', async () => {
    // Prepare
    const id = await runJobFlow()
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(script('endless.hql', ENDLESS)), step(script('one.hql', 'SELECT 1;'))],
    })
    await stepIs(id, StepIds[0], 'RUNNING')

    // Act
    const restarted = furnish(cloud.restart())
    const service = restarted.add(createElasticMapReduce(restarted, PACE))
    await service.start?.()
    await service.close?.()

    // Assess
    const { Steps } = await restarted.as(SERVICE, 'ListSteps', { ClusterId: id })
    expect(Steps.map((found: any) => found.Status.State)).toEqual(['CANCELLED', 'FAILED'])
    expect(Steps[1].Status.FailureDetails.Message).toBe('The local cloud was stopped while the step ran.')
  })
})
