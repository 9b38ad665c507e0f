/** CloudFormation types of Step Functions: state machines and activities. */
import { readFileSync } from 'node:fs'
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { ResourceType } from '../../gateway/service.ts'
import type { Machines } from './machines.ts'

/** `{ DestinationArn: … }` → `{ destinationArn: … }`: CloudFormation writes the API's members in Pascal case. */
function camelCase(value: any): any {
  if (Array.isArray(value)) return value.map(camelCase)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [`${key[0]!.toLowerCase()}${key.slice(1)}`, camelCase(member)]),
  )
}

/** Puts DefinitionSubstitutions in the place of `${Name}`; names without a value stay, as CloudFormation leaves them. */
export function substitute(definition: string, substitutions: Record<string, unknown> = {}): string {
  return definition.replace(/\$\{([A-Za-z0-9_]+)\}/g, (placeholder, name: string) => {
    if (!Object.hasOwn(substitutions, name)) return placeholder
    return JSON.stringify(String(substitutions[name])).slice(1, -1)
  })
}

export function resourceTypes(
  cloud: Cloud,
  machines: Machines,
  operations: Record<string, any>,
): Record<string, ResourceType> {
  const definitionOf = (properties: any): string => {
    if (typeof properties.DefinitionString === 'string') return properties.DefinitionString
    if (properties.Definition !== undefined) return JSON.stringify(properties.Definition)
    const { Bucket, Key } = properties.DefinitionS3Location ?? {}
    const file = Bucket === undefined ? undefined : cloud.asset(Bucket, Key)
    if (file === undefined)
      throw new AwsError(
        'ValidationException',
        `The state machine has no definition: give DefinitionString, Definition or a DefinitionS3Location that is an asset (s3://${Bucket}/${Key}).`,
      )
    return readFileSync(file, 'utf8')
  }

  return {
    'AWS::StepFunctions::StateMachine': {
      apply({ properties, physicalName }) {
        const name: string = properties.StateMachineName ?? physicalName({ max: 80 })
        const input = {
          name,
          type: properties.StateMachineType ?? 'STANDARD',
          definition: substitute(definitionOf(properties), properties.DefinitionSubstitutions),
          roleArn: properties.RoleArn,
          ...(properties.LoggingConfiguration && { loggingConfiguration: camelCase(properties.LoggingConfiguration) }),
          ...(properties.TracingConfiguration && { tracingConfiguration: camelCase(properties.TracingConfiguration) }),
          tags: (properties.Tags ?? []).map((tag: any) => ({ key: tag.Key, value: tag.Value })),
        }
        const arn = cloud.arn('states', `stateMachine:${name}`)
        let exists = true
        try {
          machines.machine(arn)
        } catch {
          exists = false
        }
        if (exists) {
          const current = machines.describe(arn) as { definition: string; roleArn: string; type: string }
          if (current.type !== input.type) {
            machines.delete(arn)
            machines.create(input)
          } else
            machines.update({
              stateMachineArn: arn,
              ...input,
              loggingConfiguration: input.loggingConfiguration ?? { level: 'OFF' },
            })
        } else machines.create(input)
        const machine = machines.machine(arn)
        return {
          ref: arn,
          attributes: { Arn: arn, Name: name, StateMachineRevisionId: machine.revisionId ?? 'INITIAL' },
        }
      },
      remove(resource) {
        machines.delete(resource.ref)
      },
    },

    'AWS::StepFunctions::Activity': {
      apply({ properties, physicalName }) {
        const name: string = properties.Name ?? physicalName({ max: 80 })
        const { activityArn } = operations.CreateActivity({ name }, undefined)
        return { ref: activityArn, attributes: { Arn: activityArn, Name: name } }
      },
      remove(resource) {
        operations.DeleteActivity({ activityArn: resource.ref }, undefined)
      },
    },
  }
}
