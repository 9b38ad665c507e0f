/**
 * IAM's decision on one request: explicit deny, then allow, else nothing
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
 */
import { conditionsHold } from './policy-condition.ts'
import type { PolicyDocument, PolicyStatement, Principal } from './principal.ts'

export type Decision = 'Allow' | 'ExplicitDeny' | 'ImplicitDeny'
export type RequestContext = Record<string, string | string[] | undefined>

export interface Question {
  action: string
  resource: string
  context: RequestContext
}

/** What identity policies say. */
export function decideIdentity(policies: readonly PolicyDocument[], question: Question): Decision {
  return decide(policies, question, () => true)
}

/**
 * What a resource's own policy says to this principal. Naming the account denies to everybody in it, but allows nobody by itself: it
 * leaves that to the identity policies
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-accounts).
 */
export function decideResource(policy: PolicyDocument | undefined, principal: Principal, question: Question): Decision {
  if (!policy) return 'ImplicitDeny'
  return decide([policy], question, (statement) => {
    if (statement.NotPrincipal !== undefined) return !names(statement.NotPrincipal, principal, true)
    return names(statement.Principal, principal, statement.Effect === 'Deny')
  })
}

/** Whether a role's trust policy lets a principal assume it. */
export function trusts(trust: PolicyDocument, principal: Principal, context: RequestContext): boolean {
  const question = { action: 'sts:AssumeRole', resource: '*', context }
  return (
    decideResource(
      { Statement: statementsOf(trust).map((statement) => ({ Resource: '*', ...statement })) },
      principal,
      question,
    ) === 'Allow'
  )
}

function decide(
  policies: readonly PolicyDocument[],
  question: Question,
  concerns: (statement: PolicyStatement) => boolean,
): Decision {
  let decision: Decision = 'ImplicitDeny'
  for (const policy of policies) {
    for (const statement of statementsOf(policy)) {
      if (!concerns(statement) || !applies(statement, question)) continue
      if (statement.Effect === 'Deny') return 'ExplicitDeny'
      decision = 'Allow'
    }
  }
  return decision
}

export function statementsOf(policy: PolicyDocument): PolicyStatement[] {
  return Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement]
}

function applies(statement: PolicyStatement, { action, resource, context }: Question): boolean {
  const actions = statement.Action
    ? anyOf(statement.Action, (pattern) => matches(pattern, action, true))
    : !anyOf(statement.NotAction, (pattern) => matches(pattern, action, true))
  if (!actions) return false
  const named = (pattern: string) => matches(substitute(pattern, context), resource)
  const resources = statement.Resource ? anyOf(statement.Resource, named) : !anyOf(statement.NotResource, named)
  return resources && conditionsHold(statement.Condition, context)
}

/** @param byAccount whether the account stands for everybody in it */
function names(named: PolicyStatement['Principal'], principal: Principal, byAccount: boolean): boolean {
  if (named === undefined) return false
  if (named === '*') return true
  return Object.entries(named).some(([kind, values]) =>
    anyOf(values, (value) => {
      if (value === '*') return kind === 'AWS' || kind === 'Service'
      if (kind === 'Service') return principal.service === value
      if (kind !== 'AWS' || principal.service) return false
      if (value === principal.arn || value === principal.roleArn) return true
      const account = /^arn:aws:\w+::(\d{12}):/.exec(principal.arn)?.[1]
      return byAccount && (value === account || value === `arn:aws:iam::${account}:root`)
    }),
  )
}

function anyOf(values: string | string[] | undefined, test: (value: string) => boolean): boolean {
  if (values === undefined) return false
  return Array.isArray(values) ? values.some(test) : test(values)
}

/** Policy variables such as `${aws:PrincipalArn}`. */
export function substitute(pattern: string, context: RequestContext): string {
  if (!pattern.includes('${')) return pattern
  return pattern.replace(/\$\{([\w:/-]+)\}/g, (whole, key: string) => {
    const value = context[key]
    return typeof value === 'string' ? value : whole
  })
}

/**
 * IAM's wildcards: `*` any characters, `?` exactly one. Actions are compared without regard to case. After a failure only the last `*`
 * takes one character more, so the time is at most the product of the lengths, whatever the pattern.
 */
export function matches(pattern: string, text: string, ignoreCase = false): boolean {
  if (pattern === '*') return true
  const [wanted, found] = ignoreCase ? [pattern.toLowerCase(), text.toLowerCase()] : [pattern, text]
  let [w, f] = [0, 0]
  let [star, taken] = [-1, 0]
  while (f < found.length) {
    if (wanted[w] === '*') {
      star = w++
      taken = f
    } else if (w < wanted.length && (wanted[w] === '?' || wanted[w] === found[f])) {
      w++
      f++
    } else if (star >= 0) {
      w = star + 1
      f = ++taken
    } else return false
  }
  while (wanted[w] === '*') w++
  return w === wanted.length
}

/** The sentence of an AccessDenied error, as IAM writes it. */
export function denialMessage(principal: Principal, action: string, resource: string, decision: Decision): string {
  const who = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource}`
  if (decision === 'ExplicitDeny') return `${who} with an explicit deny in an identity-based policy`
  if (principal.service) return `${who} because no resource-based policy allows the ${action} action`
  return `${who} because no identity-based policy allows the ${action} action`
}
