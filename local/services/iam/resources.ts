/** Roles, policies and instance profiles of the template. */
import { z } from 'zod'
import type { PolicyDocument } from '../../gateway/principal.ts'
import type { Resource, ResourceRequest, ResourceType } from '../../gateway/service.ts'
import { idOf, type Role, type Store } from './store.ts'

const document = z.custom<PolicyDocument>(
  (value) => typeof value === 'object' && value !== null && 'Statement' in value,
  'a policy document has a Statement',
)

const roleProperties = z.object({
  RoleName: z.string().optional(),
  Path: z.string().default('/'),
  Description: z.string().optional(),
  MaxSessionDuration: z.coerce.number().default(3600),
  AssumeRolePolicyDocument: document,
  ManagedPolicyArns: z.array(z.string()).default([]),
  Policies: z.array(z.object({ PolicyName: z.string(), PolicyDocument: document })).default([]),
})

const policyProperties = z.object({
  PolicyName: z.string(),
  PolicyDocument: document,
  Roles: z.array(z.string()).default([]),
})

const managedProperties = z.object({
  ManagedPolicyName: z.string().optional(),
  Path: z.string().default('/'),
  Description: z.string().optional(),
  PolicyDocument: document,
  Roles: z.array(z.string()).default([]),
})

const profileProperties = z.object({
  InstanceProfileName: z.string().optional(),
  Path: z.string().default('/'),
  Roles: z.array(z.string()),
})

export function iamResources(store: Store): Record<string, ResourceType> {
  const { roles, policies, profiles } = store
  const change = (name: string, changed: (role: Role) => Partial<Role>) => {
    const role = roles.get(name)
    if (role) roles.put(name, { ...role, ...changed(role) })
  }
  const now = () => new Date().toISOString()

  function applyRole({ properties, previous, physicalName }: ResourceRequest): Resource {
    const given = roleProperties.parse(properties)
    const name = given.RoleName ?? physicalName({ max: 64 })
    const arn = store.arn('role', given.Path, name)
    const existing = roles.get(name)
    // What other resources attached stays; what this role's own properties no longer say goes.
    const inline = { ...existing?.inline }
    for (const { PolicyName } of previous?.properties?.Policies ?? []) delete inline[PolicyName]
    for (const { PolicyName, PolicyDocument } of given.Policies) inline[PolicyName] = PolicyDocument
    const attached = (existing?.managed ?? []).filter((one) => !previous?.properties?.ManagedPolicyArns?.includes(one))
    roles.put(name, {
      arn,
      name,
      path: given.Path,
      created: existing?.created ?? now(),
      description: given.Description,
      maxSession: given.MaxSessionDuration,
      trust: given.AssumeRolePolicyDocument,
      inline,
      managed: [...new Set([...given.ManagedPolicyArns, ...attached])],
    })
    return { ref: name, attributes: { Arn: arn, RoleId: idOf('AROA', arn) } }
  }

  return {
    'AWS::IAM::Role': { apply: applyRole, remove: ({ ref }) => void roles.delete(ref) },

    'AWS::IAM::Policy': {
      apply({ properties, previous }) {
        const { PolicyName, PolicyDocument, Roles } = policyProperties.parse(properties)
        for (const name of previous?.properties?.Roles ?? [])
          change(name, ({ inline }) => ({ inline: without(inline, previous!.properties.PolicyName) }))
        for (const name of Roles) {
          store.role(name)
          change(name, ({ inline }) => ({ inline: { ...inline, [PolicyName]: PolicyDocument } }))
        }
        return { ref: PolicyName, attributes: { Id: PolicyName } }
      },
      remove({ properties }) {
        const { PolicyName, Roles = [] } = properties
        for (const name of Roles) change(name, ({ inline }) => ({ inline: without(inline, PolicyName) }))
      },
    },

    'AWS::IAM::ManagedPolicy': {
      apply({ properties, previous, physicalName }) {
        const given = managedProperties.parse(properties)
        const name = given.ManagedPolicyName ?? physicalName({ max: 128 })
        const arn = store.arn('policy', given.Path, name)
        policies.put(arn, {
          arn,
          name,
          path: given.Path,
          created: policies.get(arn)?.created ?? now(),
          description: given.Description,
          document: given.PolicyDocument,
        })
        for (const role of previous?.properties?.Roles ?? [])
          change(role, ({ managed }) => ({ managed: managed.filter((one) => one !== previous!.ref) }))
        for (const role of given.Roles) {
          store.role(role)
          change(role, ({ managed }) => ({ managed: [...new Set([...managed, arn])] }))
        }
        return { ref: arn, attributes: { PolicyArn: arn, PolicyId: idOf('ANPA', arn), DefaultVersionId: 'v1' } }
      },
      remove({ ref }) {
        for (const [name] of roles.entries())
          change(name, ({ managed }) => ({ managed: managed.filter((one) => one !== ref) }))
        policies.delete(ref)
      },
    },

    'AWS::IAM::InstanceProfile': {
      apply({ properties, physicalName }) {
        const given = profileProperties.parse(properties)
        const name = given.InstanceProfileName ?? physicalName({ max: 128 })
        const arn = store.arn('instance-profile', given.Path, name)
        const created = profiles.get(name)?.created ?? now()
        const members = given.Roles.map((role) => store.role(role).arn)
        profiles.put(name, { arn, name, path: given.Path, created, roles: members })
        return { ref: name, attributes: { Arn: arn, InstanceProfileId: idOf('AIPA', arn) } }
      },
      remove: ({ ref }) => void profiles.delete(ref),
    },
  }
}

function without<T>(record: Record<string, T>, key: string): Record<string, T> {
  const { [key]: _gone, ...rest } = record
  return rest
}
