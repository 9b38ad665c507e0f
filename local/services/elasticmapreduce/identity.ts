/** Names that follow from other names: roles behind their names, and numbers for ids that must not change between calls. */
import { createHash } from 'node:crypto'
import type { Cloud } from '../../cloud.ts'

/** What the iam service keeps of an instance profile, in the collection `iam.instance-profiles`, by name. */
export interface InstanceProfile {
  arn: string
  name: string
  /** ARNs; an instance profile has one. */
  roles: string[]
}

/** A role's ARN, from its ARN or name. */
export const roleArn = (cloud: Cloud, role: string): string =>
  role.startsWith('arn:') ? role : `arn:aws:iam::${cloud.account}:role/${role.replace(/^\//, '')}`

/** The role of an instance profile, which RunJobFlow calls JobFlowRole; undefined when there is no such profile. */
export function profileRole(cloud: Cloud, profile: string): string | undefined {
  const profiles = cloud.collection<InstanceProfile>('iam.instance-profiles')
  return profiles.get(profile.slice(profile.lastIndexOf('/') + 1))?.roles[0]
}

/** The same number for the same text, below 2³¹. */
export const hashOf = (text: string): number => createHash('md5').update(text).digest().readUInt32BE(0) >>> 1
