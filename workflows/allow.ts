/** Grants written out: exact actions on named resources, and a reason wherever a name must hold a wildcard. */
import { Stack } from 'aws-cdk-lib'
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js'
import { acknowledge } from './acknowledge.ts'

export interface AllowOptions {
  /** Why a resource holds a wildcard; required where one does. */
  because?: string
  conditions?: Record<string, Record<string, unknown>>
}

/**
 * Lets `role` do `actions` to `resources`. CDK's own grants are wider (`s3:GetObject*`), and a run of the workflow could not tell
 * which part of them it needs.
 *
 * @throws WildcardError when an action holds a wildcard, or a resource does and no reason is given
 */
export function allow(role: Role, actions: string[], resources: string[], options: AllowOptions = {}): void {
  const stack = Stack.of(role)
  const wildcards = resources
    .map((resource) => flattenCfnReference(stack.resolve(resource)))
    .filter((arn) => arn.includes('*'))
  const wildActions = actions.filter((action) => action.includes('*'))
  if (wildActions.length > 0) throw new WildcardError(role.node.path, wildActions)
  if (wildcards.length > 0 && !options.because) throw new WildcardError(role.node.path, wildcards)
  role.addToPolicy(new PolicyStatement({ actions, resources, conditions: options.conditions }))
  if (options.because)
    acknowledge(
      role,
      options.because,
      wildcards.map((arn) => `AwsSolutions-IAM5[Resource::${arn}]`),
    )
}

/** A grant is wider than it says. */
export class WildcardError extends Error {
  constructor(role: string, wildcards: string[]) {
    super(
      `The role ${role} is granted ${wildcards.join(', ')}. Name the action or resource, or say why not (because: '...').`,
    )
    this.name = 'WildcardError'
  }
}
