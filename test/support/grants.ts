/** What the roles of the deployed template may do, how to take some of it away, and whether it was missed. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
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

/** Takes actions from the role whose logical id begins so. @returns what gives them back */
export function without(cloud: RunningCloud, beginning: string, ...actions: string[]): () => void {
  const roles = rolesOf(cloud)
  const [id] = deployedOf(cloud)
    .entries()
    .find(([id, { type }]) => type === 'AWS::IAM::Role' && id.startsWith(beginning))!
  const name = roleName(cloud, id)
  const whole = roles.get(name)!
  const inline = Object.entries(whole.inline).map(([policy, document]) => {
    const Statement = statementsOf(document).flatMap((statement) => {
      const Action = [statement.Action ?? []].flat().filter((one) => !actions.includes(one))
      return Action.length > 0 || statement.NotAction ? [{ ...statement, Action }] : []
    })
    return [policy, { ...document, Statement }]
  })
  roles.put(name, { ...whole, inline: Object.fromEntries(inline) })
  return () => roles.put(name, whole)
}

/** Looks at what the cloud's log says from now on. @returns whether it has said by then that the role was denied the action */
export function watchDenials({ cloud }: RunningCloud, roleName: string, action: string): () => boolean {
  const verb = action.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '\\w*')
  const denial = new RegExp(
    `assumed-role/${roleName}/\\S+ is not authorized to perform: ${verb} on resource: \\S+`,
    'i',
  )
  const said = logFromNow(cloud.dataDir)
  return () => denial.test(said())
}

/** What the cloud's log says from now on. @returns all of it by then */
export function logFromNow(dataDir: string): () => string {
  const path = join(dataDir, 'log', 'cloud.log')
  const decoder = new StringDecoder('utf8')
  let at = statSync(path).size
  let text = ''
  return () => {
    const more = Buffer.alloc(statSync(path).size - at)
    const file = openSync(path, 'r')
    at += readSync(file, more, 0, more.length, at)
    closeSync(file)
    text += decoder.write(more)
    return text
  }
}
