/** ARNs of Step Functions, and the errors for texts that are none. */
import { AwsError } from '../../gateway/aws-error.ts'

export interface MachineArn {
  /** Without version and alias. */
  readonly machine: string
  readonly name: string
  /** A version's number or an alias's name. */
  readonly qualifier: string | undefined
}

/** @throws AwsError InvalidArn */
export function splitArn(arn: unknown, resource: string): string[] {
  const text = String(arn ?? '')
  if (!text.startsWith('arn:')) throw new AwsError('InvalidArn', `Invalid Arn: 'Invalid ARN prefix: ${text}'`)
  const parts = text.split(':')
  const kinds = resource.split('|')
  if (parts.length < 7 || parts[2] !== 'states' || !kinds.includes(parts[5]!) || parts[6] === '')
    throw new AwsError('InvalidArn', `Invalid Arn: 'Resource type not valid in this context: ${parts[5] ?? ''}'`)
  return parts
}

/** @throws AwsError InvalidArn */
export function machineArn(arn: unknown): MachineArn {
  const parts = splitArn(arn, 'stateMachine')
  return { machine: parts.slice(0, 7).join(':'), name: parts[6]!, qualifier: parts[7] }
}

/** The machine's and the execution's name. Express executions carry a third part. @throws AwsError InvalidArn */
export function executionNames(arn: unknown): { machine: string; name: string } {
  const parts = splitArn(arn, 'execution|express')
  if (parts.length < 8) throw new AwsError('InvalidArn', `Invalid Arn: 'Invalid ARN: ${String(arn)}'`)
  return { machine: parts[6]!, name: parts.slice(7).join(':') }
}

/** Characters that no name may hold (https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html). */
const forbidden = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff]/

/** @throws AwsError InvalidName */
export function checkName(name: unknown): string {
  const text = String(name ?? '')
  if (text.length === 0 || text.length > 80 || forbidden.test(text))
    throw new AwsError('InvalidName', `Invalid Name: '${text}'`)
  return text
}
