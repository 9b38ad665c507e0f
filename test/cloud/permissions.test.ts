/**
 * Every action of every policy that the CDK app synthesizes for the batch workflow is taken away once: the run must fail with
 * AccessDenied naming role, action and resource. What a run on one machine never asks for is listed with its reason.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StopExecutionCommand } from '@aws-sdk/client-sfn'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAssembly } from '../../local/deploy/assembly.ts'
import { synthesize } from '../../local/deploy/synth.ts'
import { statementsOf } from '../../local/gateway/policy.ts'
import type { PolicyDocument } from '../../local/gateway/principal.ts'
import type { RoleRecord } from '../../local/local-cloud.ts'
import { findMysqlServer } from '../../local/services/rds/index.ts'
import { notExercised } from '../support/not-exercised.ts'
import { type Running, startRunning } from '../support/running.ts'

const template = readAssembly(await synthesize(), '000000000000', 'us-east-1').stacks[0]!.template
const hasMysql = (await findMysqlServer()) !== undefined

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

const all = grants()
const exercised = all.filter((grant) => notExercised(grant.role, grant.action) === undefined)
const skipped = all.filter((grant) => notExercised(grant.role, grant.action) !== undefined)

let running: Running
/** The role and action of every permission that was asked for, with whether it was given. */
let asked: { role: string; action: string; resource: string; allowed: boolean }[] = []
let baseline: typeof asked = []

const load = { mysql: hasMysql, redshift: true }

beforeAll(async () => {
  running = await startRunning({ quarters: ['1999Q1'], loans: 20, dirty: 0.1 })
  listen()
  const execution = await running.end(await running.start({ load }))
  expect(execution.status, execution.cause).toBe('SUCCEEDED')
  baseline = asked
}, 120_000)
afterAll(() => running.close())

function listen(): void {
  running.cloud.cloud.onAccess = ({ principal, action, resource, allowed }) => {
    if (principal.roleArn) asked.push({ role: principal.roleArn.split('/').pop()!, action, resource, allowed })
  }
}

/** The name that the local cloud gave to a role of the template. */
function roleName(logicalId: string): string {
  const deployed = running.cloud.cloud.collection<{ ref: string }>('cloudformation.Stepwell').get(logicalId)
  return deployed!.ref
}

function roles() {
  return running.cloud.cloud.collection<RoleRecord>('iam.roles')
}

/** The role as it is without one action. */
function without(role: RoleRecord, action: string): RoleRecord {
  const inline = Object.entries(role.inline).map(([name, document]) => {
    const statements = statementsOf(document).flatMap((statement) => {
      const left = [statement.Action ?? []].flat().filter((one) => one !== action)
      return left.length > 0 || statement.NotAction ? [{ ...statement, Action: left }] : []
    })
    return [name, { ...document, Statement: statements }]
  })
  return { ...role, inline: Object.fromEntries(inline) }
}

/** Everything is new to the next run: no archive is known, no job is remembered. */
async function forget(): Promise<void> {
  const { cloud, outputs } = running.cloud
  const table = outputs.ArchivesTableName!
  const { Items = [] } = await cloud.call(cloud.admin, 'dynamodb', 'Scan', { TableName: table })
  for (const { quarter } of Items)
    await cloud.call(cloud.admin, 'dynamodb', 'DeleteItem', { TableName: table, Key: { quarter } })
}

function logText(): string {
  return readFileSync(join(running.dataDir, 'log', 'cloud.log'), 'utf8')
}

describe('a grant of the CDK app that is taken away', () => {
  it.each(exercised)('is missed: $role $action', async ({ role, action }) => {
    const name = roleName(role)
    const whole = roles().get(name)!
    await forget()
    asked = []
    const logged = logText().length
    roles().put(name, without(whole, action))
    let executionArn: string | undefined
    try {
      executionArn = await running.start({ load })
      const arn = executionArn
      // A task's denial fails the run; that of a function behind an event leaves it waiting, and is in the cloud's log.
      const outcome = await Promise.race([
        running.end(arn).then((execution) => `${execution.status} ${execution.error} ${execution.cause}`),
        expect
          .poll(() => logText().slice(logged), { timeout: 60_000, interval: 100 })
          .toMatch(denial(name, action))
          .then(() => logText().slice(logged)),
      ])
      expect(outcome).toMatch(denial(name, action))
      expect(asked.some((one) => !one.allowed && one.role === name && matchesAction(action, one.action))).toBe(true)
    } finally {
      roles().put(name, whole)
      if (executionArn) {
        await running.sfn.send(new StopExecutionCommand({ executionArn })).catch(() => {})
        await running.end(executionArn)
      }
    }
  })

  it.each(skipped)('is not exercised locally: $role $action', ({ role, action }) => {
    // The reason must stay true: the baseline run asked for no such thing.
    const name = roleName(role)
    expect(notExercised(role, action)).toMatch(/\w+ \w+/)
    expect(baseline.filter((one) => one.role === name && matchesAction(action, one.action))).toEqual([])
  })
})

function denial(roleName: string, action: string): RegExp {
  const verb = action.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '\\w*')
  return new RegExp(`assumed-role/${roleName}/\\S+ is not authorized to perform: ${verb} on resource: \\S+`, 'i')
}

function matchesAction(pattern: string, action: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'i').test(action)
}
