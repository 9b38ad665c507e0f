/** Acknowledges findings of cdk-nag, each with the reason why it stays. */
import { Validations } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

/**
 * @param scope the construct with the finding; what lies below it is acknowledged too
 * @param reason a sentence for the person who reviews the stack
 * @param findings rule ids such as `AwsSolutions-S1`, or `AwsSolutions-IAM5[Resource::*]` for rules with several findings
 */
export function acknowledge(scope: Construct, reason: string, findings: string[]): void {
  Validations.of(scope).acknowledge(...findings.map((id) => ({ id, reason })))
}
