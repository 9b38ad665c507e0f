/** What the roles of the deployed template may do, and how to take some of it away. */
import type { RunningCloud } from '../../local/boot.ts'
import { statementsOf } from '../../local/gateway/policy.ts'
import type { RoleRecord } from '../../local/local-cloud.ts'

export interface Grant {
  /** The role's logical id in the template. */
  role: string
  action: string
}

const rolesOf = ({ cloud }: RunningCloud) => cloud.collection<RoleRecord>('iam.roles')
const deployedOf = ({ cloud }: RunningCloud) =>
  cloud.collection<{ type: string; ref: string }>('cloudformation.Stepwell')

/** The name that the local cloud gave to a role of the template. */
export function roleName(cloud: RunningCloud, logicalId: string): string {
  return deployedOf(cloud).get(logicalId)!.ref
}

/** Every action that the roles with such logical ids are allowed, one a role and action. */
export function grantsOf(cloud: RunningCloud, logicalIds: RegExp): Grant[] {
  return deployedOf(cloud)
    .entries()
    .filter(([id, { type }]) => type === 'AWS::IAM::Role' && logicalIds.test(id))
    .flatMap(([role, { ref }]) => {
      const documents = Object.values(rolesOf(cloud).get(ref)!.inline)
      const allowed = documents.flatMap(statementsOf).filter(({ Effect }) => Effect === 'Allow')
      const actions = new Set(allowed.flatMap(({ Action }) => [Action ?? []].flat()))
      return [...actions].map((action) => ({ role, action }))
    })
}

/** Takes an action from the role whose logical id begins so. @returns what gives it back */
export function withoutAction(cloud: RunningCloud, beginning: string, action: string): () => void {
  const roles = rolesOf(cloud)
  const [id] = deployedOf(cloud)
    .entries()
    .find(([id, { type }]) => type === 'AWS::IAM::Role' && id.startsWith(beginning))!
  const name = roleName(cloud, id)
  const whole = roles.get(name)!
  const inline = Object.entries(whole.inline).map(([policy, document]) => {
    const Statement = statementsOf(document).flatMap((statement) => {
      const Action = [statement.Action ?? []].flat().filter((one) => one !== action)
      return Action.length > 0 ? [{ ...statement, Action }] : []
    })
    return [policy, { ...document, Statement }]
  })
  roles.put(name, { ...whole, inline: Object.fromEntries(inline) })
  return () => roles.put(name, whole)
}
