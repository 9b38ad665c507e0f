/** What a person asks of IAM to see who may do what, and the few changes that tests make. */
import { AwsError } from '../../gateway/aws-error.ts'
import type { PolicyDocument, Principal } from '../../gateway/principal.ts'
import type { Operation } from '../../gateway/service.ts'
import { managedPolicy } from './managed-policies.ts'
import { type InstanceProfile, idOf, type ManagedPolicy, noSuchEntity, type Role, type Store } from './store.ts'

export function createOperations(store: Store): Record<string, Operation> {
  const { cloud, roles, policies, profiles } = store

  function policyOf(arn: string): ManagedPolicy {
    const own = policies.get(arn)
    if (own) return own
    const document = managedPolicy(arn)
    if (!document) throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`)
    return { arn, name: arn.split('/').at(-1)!, path: '/', created: new Date(0).toISOString(), document }
  }

  function simulate(source: string, policy: PolicyDocument[], action: string, resource: string) {
    const principal: Principal = { arn: source, roleArn: source, policies: () => policy }
    try {
      cloud.authorize(principal, 'iam', { action, resource })
      return 'allowed'
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      return error.message.includes('explicit deny') ? 'explicitDeny' : 'implicitDeny'
    }
  }

  return {
    ListRoles({ PathPrefix = '/' }) {
      const found = roles.entries().filter(([, role]) => role.path.startsWith(PathPrefix))
      return { Roles: found.map(([, role]) => shapeOfRole(role)), IsTruncated: false }
    },

    GetRole: ({ RoleName }) => ({ Role: shapeOfRole(store.role(RoleName)) }),

    ListRolePolicies: ({ RoleName }) => ({
      PolicyNames: Object.keys(store.role(RoleName).inline).sort(),
      IsTruncated: false,
    }),

    GetRolePolicy({ RoleName, PolicyName }) {
      const document = store.role(RoleName).inline[PolicyName]
      if (!document) throw noSuchEntity(`The role policy with name ${PolicyName} cannot be found.`)
      return { RoleName, PolicyName, PolicyDocument: encoded(document) }
    },

    PutRolePolicy({ RoleName, PolicyName, PolicyDocument }) {
      const role = store.role(RoleName)
      const inline = { ...role.inline, [PolicyName]: parsePolicy(PolicyDocument) }
      roles.put(RoleName, { ...role, inline })
      return {}
    },

    DeleteRolePolicy({ RoleName, PolicyName }) {
      const role = store.role(RoleName)
      const { [PolicyName]: gone, ...inline } = role.inline
      if (!gone) throw noSuchEntity(`The role policy with name ${PolicyName} cannot be found.`)
      roles.put(RoleName, { ...role, inline })
      return {}
    },

    ListAttachedRolePolicies: ({ RoleName }) => ({
      AttachedPolicies: store
        .role(RoleName)
        .managed.map((arn) => ({ PolicyArn: arn, PolicyName: arn.split('/').at(-1) })),
      IsTruncated: false,
    }),

    ListPolicies: () => ({
      Policies: policies.entries().map(([, policy]) => shapeOfPolicy(policy)),
      IsTruncated: false,
    }),

    GetPolicy: ({ PolicyArn }) => ({ Policy: shapeOfPolicy(policyOf(PolicyArn)) }),

    GetPolicyVersion({ PolicyArn, VersionId }) {
      const { document, created } = policyOf(PolicyArn)
      if (VersionId !== 'v1')
        throw noSuchEntity(`Policy ${PolicyArn} version ${VersionId} does not exist or is not attachable.`)
      return {
        PolicyVersion: {
          Document: encoded(document),
          VersionId: 'v1',
          IsDefaultVersion: true,
          CreateDate: new Date(created),
        },
      }
    },

    ListInstanceProfiles: () => ({
      InstanceProfiles: profiles.entries().map(([, profile]) => shapeOfProfile(profile)),
      IsTruncated: false,
    }),

    GetInstanceProfile({ InstanceProfileName }) {
      const profile = profiles.get(InstanceProfileName)
      if (!profile) throw noSuchEntity(`Instance Profile ${InstanceProfileName} cannot be found.`)
      return { InstanceProfile: shapeOfProfile(profile) }
    },

    SimulatePrincipalPolicy({ PolicySourceArn, ActionNames = [], ResourceArns = ['*'], PolicyInputList = [] }) {
      const role = store.role(String(PolicySourceArn).split('/').at(-1)!)
      const managed = role.managed.map((arn) => policyOf(arn).document)
      const all = [...Object.values(role.inline), ...managed, ...PolicyInputList.map(parsePolicy)]
      const EvaluationResults = ActionNames.flatMap((EvalActionName: string) =>
        ResourceArns.map((EvalResourceName: string) => ({
          EvalActionName,
          EvalResourceName,
          EvalDecision: simulate(role.arn, all, EvalActionName, EvalResourceName),
          MatchedStatements: [],
          MissingContextValues: [],
        })),
      )
      return { EvaluationResults, IsTruncated: false }
    },
  }

  function shapeOfRole(role: Role) {
    return {
      Path: role.path,
      RoleName: role.name,
      RoleId: idOf('AROA', role.arn),
      Arn: role.arn,
      CreateDate: new Date(role.created),
      AssumeRolePolicyDocument: encoded(role.trust),
      MaxSessionDuration: role.maxSession,
      ...(role.description !== undefined && { Description: role.description }),
    }
  }

  function shapeOfPolicy(policy: ManagedPolicy) {
    const attached = roles.entries().filter(([, role]) => role.managed.includes(policy.arn))
    return {
      PolicyName: policy.name,
      PolicyId: idOf('ANPA', policy.arn),
      Arn: policy.arn,
      Path: policy.path,
      DefaultVersionId: 'v1',
      AttachmentCount: attached.length,
      IsAttachable: true,
      CreateDate: new Date(policy.created),
      UpdateDate: new Date(policy.created),
      ...(policy.description !== undefined && { Description: policy.description }),
    }
  }

  function shapeOfProfile(profile: InstanceProfile) {
    return {
      Path: profile.path,
      InstanceProfileName: profile.name,
      InstanceProfileId: idOf('AIPA', profile.arn),
      Arn: profile.arn,
      CreateDate: new Date(profile.created),
      Roles: profile.roles.flatMap((arn) => {
        const role = roles.get(arn.split('/').at(-1)!)
        return role ? [shapeOfRole(role)] : []
      }),
    }
  }
}

/** IAM answers documents URL-encoded (RFC 3986). */
const encoded = (document: PolicyDocument) =>
  encodeURIComponent(JSON.stringify(document)).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )

function parsePolicy(text: string): PolicyDocument {
  try {
    const document = JSON.parse(text) as PolicyDocument
    if (document?.Statement) return document
  } catch {
    // answered below, as a document without statements is
  }
  throw new AwsError('MalformedPolicyDocument', 'Syntax errors in policy.', {}, 400)
}
