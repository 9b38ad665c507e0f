/**
 * Executions that are stopped from outside, and events that are lost, late or repeated: nothing is left running, no two executions write the
 * same quarter, and a new execution completes with the rows of the truth file.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { RedriveExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../local/engines/states/intrinsics.ts'
import { Faulty } from '../support/faulty.ts'
import { divertEvents, type Event } from '../support/interpose.ts'
import type { Running } from '../support/running.ts'

let running: Running
let faulty: Faulty

beforeAll(async () => {
  faulty = await Faulty.boot()
  running = faulty.running
})
afterAll(() => running.close())
beforeEach(() => faulty.begin())

describe('an execution', () => {
  async function abort(executionArn: string): Promise<void> {
    await running.sfn.send(new StopExecutionCommand({ executionArn, error: 'Stopped', cause: 'by hand' }))
    expect(await running.end(executionArn)).toMatchObject({ status: 'ABORTED', error: 'Stopped' })
  }

  it.each(['CreateCluster', 'LoadStores'])('is aborted in %s', async (state) => {
    const executionArn = await faulty.start()
    await faulty.reaches(executionArn, state)
    await abort(executionArn)
    await faulty.nothingRuns()
    await faulty.recovers()
  })

  it('runs out of time', async () => {
    const restore = await faulty.withDefinition(/"TimeoutSeconds": *172800/g, '"TimeoutSeconds": 1')
    const ended = await running.end(await faulty.start())
    await restore()
    expect(ended.status).toBe('TIMED_OUT')
    await faulty.nothingRuns()
    await faulty.recovers()
  })

  it('is aborted when the cloud goes at once: it has been cleaned up before', async () => {
    const executionArn = await faulty.start()
    await faulty.runs('ProcessPerformance')
    await abort(executionArn)

    await running.restart()

    const { Clusters } = await faulty.ask('elasticmapreduce', 'ListClusters')
    const [own] = Clusters.filter(({ Name }: any) => Name.endsWith(executionArn.split(':').at(-1)))
    const { Cluster } = await faulty.ask('elasticmapreduce', 'DescribeCluster', { ClusterId: own.Id })
    // Not "The local cloud was stopped": cancel-jobs had its say.
    expect(Cluster.Status.StateChangeReason).toMatchObject({ Code: 'USER_REQUEST' })
    await faulty.nothingRuns()
    await faulty.recovers()
  })

  it('is aborted while Hive writes: the next one, started at once, works when the old cluster has ended', async () => {
    const one = await faulty.start()
    await faulty.runs('ProcessPerformance')
    await abort(one)

    const two = await faulty.start()
    await faulty.reaches(two, 'IsAnythingNew')
    const { Clusters } = await faulty.ask('elasticmapreduce', 'ListClusters')
    const old = Clusters.filter(({ Name }: any) => Name.endsWith(one.split(':').at(-1)))
    expect(old.map(({ Status }: any) => Status.State)).toEqual(['TERMINATED'])

    faulty.equalsTruth(await running.end(two))
    await faulty.nothingRuns()
  })

  it('is aborted and redriven: it goes on under its lock, and others are refused', async () => {
    const executionArn = await faulty.start()
    await faulty.runs('ProcessPerformance')
    await abort(executionArn)
    await faulty.nothingRuns()
    await running.sfn.send(new RedriveExecutionCommand({ executionArn }))
    expect(await running.end(await faulty.start())).toMatchObject({ status: 'FAILED', error: 'AnotherExecutionRuns' })
    faulty.equalsTruth(await running.end(executionArn))
    await faulty.nothingRuns()
  })

  it('is redriven when another one has overtaken it: it is refused, and changes nothing', async () => {
    const old = await faulty.start()
    await faulty.reaches(old, 'LoadStores')
    await abort(old)
    await faulty.publish()
    await faulty.recovers()

    await running.sfn.send(new RedriveExecutionCommand({ executionArn: old }))

    const { cause } = await faulty.fails(old, 'ExecutionSuperseded')
    expect(cause).toMatch(/has taken the lock of this workflow.*Start a new execution/s)
    await faulty.recovers()
  })
})

describe('an event', () => {
  const rules = async (): Promise<string[]> => {
    const { Rules } = await faulty.ask('events', 'ListRules')
    const ends = /EMR Step|EMR Cluster|Redshift Data/
    return Rules.filter(({ EventPattern = '' }) => ends.test(EventPattern)).map(({ Name }: any) => Name)
  }

  it('is lost: reconcile-jobs ends the wait instead', async () => {
    const names = await rules()
    expect(names).toHaveLength(3)
    for (const Name of names) await faulty.ask('events', 'DisableRule', { Name })
    let settled = 0
    try {
      const executionArn = await faulty.start()
      let over = false
      const ended = running.end(executionArn).finally(() => {
        over = true
      })
      while (!over) {
        settled += (await faulty.invoke('jobs/reconcile-jobs', {})).settled
        await sleep(100)
      }
      faulty.equalsTruth(await ended)
    } finally {
      for (const Name of names) await faulty.ask('events', 'EnableRule', { Name })
    }
    expect(settled).toBeGreaterThan(0)
    await faulty.nothingRuns()
  })

  it('is lost: the deployed schedule has reconcile-jobs look for it', async () => {
    // Prepare: five minutes are long for a test, so the same target, as the same role, in a moment.
    const { Schedules } = await faulty.ask('scheduler', 'ListSchedules')
    const details = await Promise.all(
      Schedules.map(({ Name }: any) => faulty.ask('scheduler', 'GetSchedule', { Name })),
    )
    const { Target } = details.find(({ Description }) => /lost events/.test(Description))!
    const soon = (i: number) => {
      const at = new Date(Date.now() + 1000).toISOString().slice(0, 19)
      const FlexibleTimeWindow = { Mode: 'OFF' }
      const once = { ScheduleExpression: `at(${at})`, FlexibleTimeWindow, ActionAfterCompletion: 'DELETE', Target }
      return faulty.ask('scheduler', 'CreateSchedule', { Name: `soon-${i}`, ...once })
    }
    let lost = 0
    const through = divertEvents(running.cloud, 'aws.emr', ({ detail, deliver }) => {
      if (detail.state === 'COMPLETED' && detail.name.endsWith('#ProcessPerformance')) void soon(++lost)
      else deliver()
    })

    // Act
    const ended = await running.end(await faulty.start())
    through()

    // Assess
    faulty.equalsTruth(ended)
    expect(lost).toBe(1)
    await faulty.nothingRuns()
  })

  it('comes three times, each before or after others, during the run', async () => {
    const random = seededRandom(7)
    let events = 0
    const deliveries: Promise<void>[] = []
    const through = divertEvents(running.cloud, 'aws.emr', ({ deliver }) => {
      events++
      for (let times = 0; times < 3; times++) deliveries.push(sleep(random() * 300).then(deliver))
    })
    const executionArn = await faulty.start()
    const ended = await running.end(executionArn)
    await Promise.all(deliveries)
    through()
    faulty.equalsTruth(ended)
    expect(events).toBeGreaterThan(10)
    await ranOnce(executionArn)
    await faulty.nothingRuns()
  })

  it('of an earlier step comes while a later one runs, and ends no wait but its own', async () => {
    let late: Event | undefined
    const held = Promise.withResolvers<void>()
    const through = divertEvents(running.cloud, 'aws.emr', (event) => {
      const { state, name = '' } = event.detail
      if (state === 'COMPLETED' && name.endsWith('#CreateTables')) {
        late = event
        held.resolve()
      } else event.deliver()
      // Twice, and while the later step's own end is not known yet.
      if (state === 'RUNNING' && name.endsWith('#ProcessPerformance')) for (let i = 0; i < 2; i++) late?.deliver()
    })
    const executionArn = await faulty.start()
    await held.promise
    const goesOn = async () => {
      await faulty.invoke('jobs/reconcile-jobs', {})
      return running.entered(executionArn)
    }
    await expect.poll(goesOn).toContain('ProcessOrigination')
    const ended = await running.end(executionArn)
    through()
    faulty.equalsTruth(ended)
    await ranOnce(executionArn)
    await faulty.nothingRuns()
  })

  /** Each of the four scripts was a step once, and each state was entered once. */
  async function ranOnce(executionArn: string): Promise<void> {
    const { Clusters } = await faulty.ask('elasticmapreduce', 'ListClusters')
    const own = Clusters.filter(({ Name }: any) => Name.includes(executionArn.split(':').at(-1)))
    expect(own).toHaveLength(1)
    const { Steps } = await faulty.ask('elasticmapreduce', 'ListSteps', { ClusterId: own[0].Id })
    expect(Steps.map(({ Status }: any) => Status.State)).toEqual(Array(4).fill('COMPLETED'))
    const entered = await running.entered(executionArn)
    expect(entered.filter((name) => name === 'ProcessPerformance')).toHaveLength(1)
  }

  it('comes again and again, early and late', async () => {
    const executionArn = await faulty.start()
    await faulty.reaches(executionArn, 'CreateTables')
    const { Clusters } = await faulty.ask('elasticmapreduce', 'ListClusters', { ClusterStates: ['RUNNING', 'WAITING'] })
    const ready = { 'detail-type': 'EMR Cluster State Change', detail: { clusterId: Clusters[0].Id, state: 'WAITING' } }
    for (let times = 0; times < 3; times++) await faulty.invoke('jobs/complete-job', ready)
    faulty.equalsTruth(await running.end(executionArn))
    const { Steps } = await faulty.ask('elasticmapreduce', 'ListSteps', { ClusterId: Clusters[0].Id })
    expect(Steps).toHaveLength(4)
    for (const { Id } of Steps) {
      const detail = { stepId: Id, state: 'COMPLETED' }
      await faulty.invoke('jobs/complete-job', { 'detail-type': 'EMR Step Status Change', detail })
    }
    await faulty.nothingRuns()
    expect((await running.end(executionArn)).status).toBe('SUCCEEDED')
  })
})
