/**
 * Every action of every policy that the CDK app synthesizes for the batch workflow is taken away once: the run must fail with
 * AccessDenied naming role, action and resource. What a run on one machine never asks for is listed with its reason.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StopExecutionCommand } from '@aws-sdk/client-sfn'
import { afterAll, describe, expect, it } from 'vitest'
import { readAssembly } from '../../local/deploy/assembly.ts'
import { synthesize } from '../../local/deploy/synth.ts'
import { statementsOf } from '../../local/gateway/policy.ts'
import type { PolicyDocument } from '../../local/gateway/principal.ts'
import type { RoleRecord } from '../../local/local-cloud.ts'
import { hasMysql } from '../support/mysql.ts'
import { notExercised } from '../support/not-exercised.ts'
import { endReminded, remind } from '../support/reminders.ts'
import { type Running, startRunning } from '../support/running.ts'

const template = readAssembly(await synthesize(), '000000000000', 'us-east-1').stacks[0]!.template

interface Grant {
  /** The role's logical id in the template. */
  role: string
  action: string
}

/** All grants of the template, one a role and action. */
function grants(): Grant[] {
  const found = new Map<string, Grant>()
  for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
    const documents: [roles: string[], document: PolicyDocument][] = []
    const properties = Properties as any
    if (Type === 'AWS::IAM::Policy' || Type === 'AWS::IAM::ManagedPolicy') {
      documents.push([(properties.Roles ?? []).map((role: any) => role.Ref), properties.PolicyDocument])
    } else if (Type === 'AWS::IAM::Role') {
      for (const { PolicyDocument } of properties.Policies ?? []) documents.push([[logicalId], PolicyDocument])
    }
    for (const [roles, document] of documents) {
      for (const statement of statementsOf(document)) {
        if (statement.Effect !== 'Allow') continue
        for (const action of [statement.Action ?? []].flat()) {
          for (const role of roles) found.set(`${role} ${action}`, { role, action })
        }
      }
    }
  }
  return [...found.values()].sort((a, b) => `${a.role} ${a.action}`.localeCompare(`${b.role} ${b.action}`))
}

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

const all = grants()
const isExercised = ({ role, action }: Grant) =>
  notExercised(role, action) === undefined || (!notExercised(role, action)!.sometimes && wasAsked(role, action))
const exercised = all.filter(isExercised)
const skipped = all.filter((grant) => !isExercised(grant))

function wasAsked(role: string, action: string): boolean {
  return baseline.some((one) => one.role === roleName(role) && matchesAction(action, one.action))
}

/** The name that the local cloud gave to a role of the template. */
function roleName(logicalId: string): string {
  const deployed = running.cloud.cloud.collection<{ ref: string }>('cloudformation.Stepwell').get(logicalId)
  return deployed!.ref
}

function roles() {
  return running.cloud.cloud.collection<RoleRecord>('iam.roles')
}

/** The role as it is without some actions. */
function without(role: RoleRecord, ...actions: string[]): RoleRecord {
  const inline = Object.entries(role.inline).map(([name, document]) => {
    const statements = statementsOf(document).flatMap((statement) => {
      const left = [statement.Action ?? []].flat().filter((one) => !actions.includes(one))
      return left.length > 0 || statement.NotAction ? [{ ...statement, Action: left }] : []
    })
    return [name, { ...document, Statement: statements }]
  })
  return { ...role, inline: Object.fromEntries(inline) }
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

function logText(): string {
  return readFileSync(join(running.dataDir, 'log', 'cloud.log'), 'utf8')
}

it('has a baseline: the run succeeds with every grant in place', () => {
  expect(first.status, first.cause).toBe('SUCCEEDED')
})

describe('a grant of the CDK app that is taken away', () => {
  it.each(exercised)('is missed: $role $action', async ({ role, action }) => {
    const name = roleName(role)
    const whole = roles().get(name)!
    const logged = logText().length
    const denied = () => denial(name, action).test(logText().slice(logged))
    await forget(role)
    roles().put(name, without(whole, action))
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
      roles().put(name, whole)
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
    const grants = all.filter(({ role, action }) => role.startsWith('Batch') && action === 'logs:PutLogEvents')
    const writers = grants.map(({ role }) => roleName(role))
    const kept = writers.map((name) => [name, roles().get(name)!] as const)
    const logged = logText().length
    await forget()
    for (const [name, role] of kept) roles().put(name, without(role, 'logs:PutLogEvents', 'logs:CreateLogStream'))
    try {
      const { status, cause } = await running.end(await running.start({ load }))
      expect(status, cause).toBe('SUCCEEDED')
      const log = logText().slice(logged)
      const silent = kept.filter(([name]) =>
        baseline.some((one) => one.role === name && one.action === 'logs:PutLogEvents'),
      )
      expect(silent.length).toBeGreaterThan(5)
      for (const [name] of silent)
        expect(log).toMatch(new RegExp(`assumed-role/${name}/.* logs:(PutLogEvents|CreateLogStream)`))
    } finally {
      for (const [name, role] of kept) roles().put(name, role)
    }
  })
})

function denial(roleName: string, action: string): RegExp {
  const verb = action.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '\\w*')
  return new RegExp(`assumed-role/${roleName}/\\S+ is not authorized to perform: ${verb} on resource: \\S+`, 'i')
}

function matchesAction(pattern: string, action: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'i').test(action)
}
