/** Grants that a run on one machine never asks for, and why AWS does. */

const reasons: [role: RegExp, action: RegExp, reason: string][] = [
  [/./, /^ec2:/, 'Network interfaces of functions in a VPC: one machine has no VPC.'],
  [/./, /^kms:/, 'Keys encrypt at rest on AWS; the local cloud keeps plain files.'],
  [/./, /^xray:/, 'Traces are not collected locally.'],
]

/** The reason why a grant is not exercised, or undefined where a run must miss it. */
export function notExercised(role: string, action: string): string | undefined {
  return reasons.find(([roles, actions]) => roles.test(role) && actions.test(action))?.[2]
}
