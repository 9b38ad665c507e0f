/** Operations on rules and their targets. */

import { parseSchedule } from '../../engines/schedule/expression.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { compilePattern } from './pattern.ts'
import type { Rule, Store, Target } from './store.ts'

const mostTargets = 5

export function ruleOperations(store: Store): Record<string, Operation> {
  const { cloud, rules } = store
  const busArn = cloud.arn('events', 'event-bus/default')

  return {
    PutRule({ Name, EventPattern, ScheduleExpression, State = 'ENABLED', Description, RoleArn, EventBusName }) {
      store.checkBus(EventBusName)
      if (!/^[.\-_A-Za-z0-9]{1,64}$/.test(Name ?? ''))
        throw new AwsError(
          'ValidationException',
          `Parameter Name is not valid. Reason: "${Name}" is no name of a rule.`,
        )
      if (EventPattern === undefined && ScheduleExpression === undefined)
        throw new AwsError('ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.')
      if (EventPattern !== undefined) compilePattern(EventPattern)
      const existing = rules.get(Name)
      const since = existing?.schedule === ScheduleExpression && existing ? existing.since : new Date().toISOString()
      if (ScheduleExpression !== undefined) checkSchedule(ScheduleExpression, since)
      const rule: Rule = {
        name: Name,
        arn: cloud.arn('events', `rule/${Name}`),
        state: State,
        description: Description,
        pattern: EventPattern,
        schedule: ScheduleExpression,
        since,
        roleArn: RoleArn,
        targets: existing?.targets ?? [],
      }
      store.save(rule)
      return { RuleArn: rule.arn }
    },

    DescribeRule: ({ Name, EventBusName }) => shape(store.rule(Name, EventBusName)),

    ListRules({ NamePrefix = '', EventBusName, Limit = 100, NextToken }) {
      store.checkBus(EventBusName)
      return paged(
        'Rules',
        rules.entries(NamePrefix).map(([, rule]) => shape(rule)),
        (rule) => rule.Name,
        Limit,
        NextToken,
      )
    },

    DeleteRule({ Name, EventBusName, Force }) {
      store.checkBus(EventBusName)
      const rule = rules.get(Name)
      if (rule && rule.targets.length > 0 && !Force)
        throw new AwsError('ValidationException', "Rule can't be deleted since it has targets.")
      if (rule) store.remove(Name)
      return {}
    },

    EnableRule: ({ Name, EventBusName }) => setState(Name, EventBusName, 'ENABLED'),
    DisableRule: ({ Name, EventBusName }) => setState(Name, EventBusName, 'DISABLED'),

    PutTargets({ Rule: name, EventBusName, Targets = [] }) {
      const rule = store.rule(name, EventBusName)
      const ids = new Set((Targets as Target[]).map((target) => target.Id))
      const targets = [...rule.targets.filter((target) => !ids.has(target.Id)), ...(Targets as Target[])]
      if (targets.length > mostTargets)
        throw new AwsError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.')
      for (const { InputTransformer } of Targets as Target[])
        if (InputTransformer && !InputTransformer.InputTemplate)
          throw new AwsError('ValidationException', 'InputTemplate is required in InputTransformer.')
      store.save({ ...rule, targets })
      return { FailedEntryCount: 0, FailedEntries: [] }
    },

    RemoveTargets({ Rule: name, EventBusName, Ids = [] }) {
      const rule = store.rule(name, EventBusName)
      store.save({ ...rule, targets: rule.targets.filter((target) => !Ids.includes(target.Id)) })
      return { FailedEntryCount: 0, FailedEntries: [] }
    },

    ListTargetsByRule({ Rule: name, EventBusName, Limit = 100, NextToken }) {
      const { targets } = store.rule(name, EventBusName)
      return paged('Targets', targets, (target) => target.Id, Limit, NextToken)
    },

    ListRuleNamesByTarget({ TargetArn, EventBusName, Limit = 100, NextToken }) {
      store.checkBus(EventBusName)
      const names = rules
        .entries()
        .filter(([, rule]) => rule.targets.some((target) => target.Arn === TargetArn))
        .map(([name]) => name)
      return paged('RuleNames', names, (name) => name, Limit, NextToken)
    },

    DescribeEventBus({ Name }) {
      store.checkBus(Name)
      return { Name: 'default', Arn: busArn }
    },

    ListEventBuses: () => ({ EventBuses: [{ Name: 'default', Arn: busArn }] }),
  }

  function setState(name: string, bus: string | undefined, state: Rule['state']) {
    store.save({ ...store.rule(name, bus), state })
    return {}
  }

  function shape(rule: Rule) {
    return {
      Name: rule.name,
      Arn: rule.arn,
      State: rule.state,
      EventBusName: 'default',
      ...(rule.description !== undefined && { Description: rule.description }),
      ...(rule.pattern !== undefined && { EventPattern: rule.pattern }),
      ...(rule.schedule !== undefined && { ScheduleExpression: rule.schedule }),
      ...(rule.roleArn !== undefined && { RoleArn: rule.roleArn }),
    }
  }
}

function checkSchedule(expression: string, since: string) {
  try {
    if (expression.startsWith('at(')) throw new Error('a rule takes rate and cron only')
    parseSchedule(expression, { anchor: new Date(since) })
  } catch (error) {
    throw new AwsError('ValidationException', `Parameter ScheduleExpression is not valid. ${(error as Error).message}`)
  }
}

function paged<T>(member: string, all: T[], keyOf: (one: T) => string, limit: number, token?: string) {
  const sorted = [...all].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const rest = token === undefined ? sorted : sorted.filter((one) => keyOf(one) > token)
  const page = rest.slice(0, limit)
  return { [member]: page, ...(rest.length > page.length && { NextToken: keyOf(page.at(-1)!) }) }
}
