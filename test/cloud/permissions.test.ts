/**
 * Every action of every policy that the CDK app synthesizes, and that a run of the batch workflow asks for, is taken away once: the run must
 * fail with AccessDenied naming role, action and resource. What a run on one machine never asks for is listed with its reason.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { StopExecutionCommand } from '@aws-sdk/client-sfn'
import { afterAll, describe, expect, it } from 'vitest'
import { type Grant, grantsOf, logFromNow, roleName, watchDenials, without } from '../support/grants.ts'
import { hasMysql } from '../support/mysql.ts'
import { notExercised } from '../support/not-exercised.ts'
import { endReminded, remind } from '../support/reminders.ts'
import { type Running, startRunning } from '../support/running.ts'

const load = { mysql: hasMysql, redshift: true }

/** The role and action of every permission that was asked for, with whether it was given. */
const asked: { role: string; action: string; resource: string; allowed: boolean }[] = []

const running: Running = await startRunning({ quarters: ['1999Q1'], loans: 20, dirty: 0.1 })
listen()
const first = await endReminded(running, await running.start({ load }))
const baseline = [...asked]
afterAll(() => running.close())

function listen(): void {
  running.cloud.cloud.onAccess = ({ principal, action, resource, allowed }) => {
    if (principal.roleArn) asked.push({ role: principal.roleArn.split('/').pop()!, action, resource, allowed })
  }
}

const inOrder = ({ role, action }: Grant) => `${role} ${action}`
const all = grantsOf(running.cloud, /^/).sort((a, b) => inOrder(a).localeCompare(inOrder(b)))
const nameOf = (role: string) => roleName(running.cloud, role)
const isExercised = ({ role, action }: Grant) =>
  notExercised(role, action) === undefined || (!notExercised(role, action)!.sometimes && wasAsked(role, action))
const exercised = all.filter(isExercised)
const skipped = all.filter((grant) => !isExercised(grant))

function wasAsked(role: string, action: string): boolean {
  return baseline.some((one) => one.role === nameOf(role) && matchesAction(action, one.action))
}

/** What is asked for only when archives are loaded: a run that missed it goes through collecting and Hive in vain. */
const LOADS =
  /^Batch(PrepareMysql|ListExportFiles|LoadMysql|SwapMysql|MeasureMysql|PrepareRedshift|LoadRedshift|Reconcile)|^Warehouse/

/** A run that has nothing to do reports too. */
const REPORT = /^BatchReport/

/** The next run has everything to do, or everything but what comes before the role's state, where a run can begin there. */
async function forget(role?: string): Promise<void> {
  if (role && REPORT.test(role)) return
  const { cloud, outputs } = running.cloud
  const TableName = outputs.ArchivesTableName!
  const { Items = [] } = await cloud.call(cloud.admin, 'dynamodb', 'Scan', { TableName })
  for (const { quarter, processed } of Items) {
    const key = { TableName, Key: { quarter } }
    if (processed && role && LOADS.test(role)) {
      await cloud.call(cloud.admin, 'dynamodb', 'UpdateItem', { ...key, UpdateExpression: 'REMOVE loaded' })
    } else await cloud.call(cloud.admin, 'dynamodb', 'DeleteItem', key)
  }
}

it('has a baseline: the run succeeds with every grant in place', () => {
  expect(first.status, first.cause).toBe('SUCCEEDED')
})

describe('a grant of the CDK app that is taken away', () => {
  it.each(exercised)('is missed: $role $action', async ({ role, action }) => {
    await forget(role)
    const denied = watchDenials(running.cloud, nameOf(role), action)
    const restore = without(running.cloud, role, action)
    const executionArn = await running.start({ load })
    try {
      const ended = running.end(executionArn)
      let over = false
      void ended.then(() => {
        over = true
      })
      for (; !over && !denied(); await sleep(20)) if (role.startsWith('JobsCompleteJob')) await remind(running)
      expect(denied(), `nothing was denied; the run: ${over ? (await ended).status : 'still on'}`).toBe(true)
      // What a task or the cluster is denied fails the run. A function behind an event has nobody to fail: the run waits for it.
      if (!role.startsWith('Jobs')) {
        const { status, cause } = await ended
        expect(status, cause).toBe('FAILED')
      }
    } finally {
      restore()
      await running.sfn.send(new StopExecutionCommand({ executionArn })).catch(() => {})
      await running.end(executionArn)
    }
  })

  it.each(skipped)('is not exercised locally: $role $action', ({ role, action }) => {
    const reason = notExercised(role, action)!
    expect(reason.why).toMatch(/\w+ \w+/)
    // A reason that says "never" must stay true.
    if (!reason.sometimes) expect(wasAsked(role, action)).toBe(false)
  })

  it('lets functions run without their logs, as on AWS, and says whose lines were lost', async () => {
    // The functions behind events run when they are called, not once a run.
    const writers = all.filter(({ role, action }) => role.startsWith('Batch') && action === 'logs:PutLogEvents')
    await forget()
    const said = logFromNow(running.dataDir)
    const restores = writers.map(({ role }) =>
      without(running.cloud, role, 'logs:PutLogEvents', 'logs:CreateLogStream'),
    )
    try {
      const { status, cause } = await running.end(await running.start({ load }))
      expect(status, cause).toBe('SUCCEEDED')
      const silent = writers.filter(({ role, action }) => wasAsked(role, action))
      expect(silent.length).toBeGreaterThan(5)
      for (const { role } of silent)
        expect(said()).toMatch(new RegExp(`assumed-role/${nameOf(role)}/.* logs:(PutLogEvents|CreateLogStream)`))
    } finally {
      for (const restore of restores) restore()
    }
  })
})

function matchesAction(pattern: string, action: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'i').test(action)
}
