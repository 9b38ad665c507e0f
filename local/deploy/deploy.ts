/** Applies a synthesized template to the local cloud: makes what is missing, updates what differs, removes what has left. */
import { createHash } from 'node:crypto'
import type { Cloud } from '../cloud.ts'
import type { DeployedResource, Resource, ResourceRequest, ResourceType } from '../gateway/service.ts'
import { acceptedType } from './accepted.ts'
import { resolveDynamicReferences } from './dynamic-references.ts'
import { Resolver } from './intrinsics.ts'
import { dependencyOrder, type Template } from './template.ts'

export interface Deployment {
  stack: string
  resources: ReadonlyMap<string, DeployedResource>
  outputs: Record<string, string>
  /** Types that were accepted without being emulated, with their count. */
  accepted: Record<string, number>
}

export interface DeployRequest {
  stack: string
  template: Template
  /** Values for the template's parameters; the others take their defaults. */
  parameters?: Record<string, string>
  types: ReadonlyMap<string, ResourceType>
  /** Exports of the stacks before; this stack's are added. */
  exported: Record<string, string>
}

export class DeployError extends Error {
  override readonly name = 'DeployError'
}

export async function deploy(cloud: Cloud, request: DeployRequest): Promise<Deployment> {
  const { stack, template, types, exported } = request
  const records = cloud.collection<DeployedResource>(`cloudformation.${stack}`)
  const made = new Map<string, DeployedResource>()
  const parameters = parameterValues(cloud, request)
  const resolver = new Resolver({ template, parameters, made: made as ReadonlyMap<string, Resource>, exported })
  const accepted: Record<string, number> = {}
  const replaced: DeployedResource[] = []

  for (const logicalId of dependencyOrder(template)) {
    const { Type: type, Properties = {}, Condition } = template.Resources[logicalId]!
    if (Condition && !resolver.condition(Condition)) continue
    const stand = acceptedType(cloud, type)
    const resourceType = types.get(type) ?? stand
    if (!resourceType) throw new DeployError(unknownType(logicalId, type))
    if (!types.has(type)) accepted[type] = (accepted[type] ?? 0) + 1
    const previous = records.get(logicalId)
    try {
      const properties = resolver.resolve(Properties) as Record<string, unknown>
      const applied = await resourceType.apply({
        stack,
        logicalId,
        type,
        properties: await resolveDynamicReferences(cloud, properties),
        ...(previous && { previous }),
        physicalName: (options) => physicalName(stack, logicalId, options),
      } satisfies ResourceRequest)
      // The record keeps dynamic references unresolved: no secret is written to it.
      const deployed: DeployedResource = { ...applied, type, properties }
      if (previous && previous.ref !== deployed.ref) replaced.push(previous)
      made.set(logicalId, deployed)
      records.put(logicalId, deployed)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new DeployError(`${logicalId} (${type}) could not be applied: ${reason}`, { cause: error })
    }
  }

  const left = records.entries().filter(([logicalId]) => !made.has(logicalId))
  for (const resource of [...replaced, ...left.map(([, resource]) => resource).reverse()]) {
    await types.get(resource.type)?.remove(resource)
  }
  for (const [logicalId] of left) records.delete(logicalId)

  const outputs: Record<string, string> = {}
  for (const [name, output] of Object.entries(template.Outputs ?? {})) {
    const value = String(resolver.resolve(output.Value))
    outputs[name] = value
    exported[`${stack}.${name}`] = value
    if (output.Export) exported[String(resolver.resolve(output.Export.Name))] = value
  }
  return { stack, resources: made, outputs, accepted }
}

function parameterValues(cloud: Cloud, { stack, template, parameters = {} }: DeployRequest): Record<string, string> {
  const values: Record<string, string> = {
    'AWS::AccountId': cloud.account,
    'AWS::Region': cloud.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stack,
    'AWS::StackId': cloud.arn('cloudformation', `stack/${stack}/local`),
  }
  for (const [name, { Default, AllowedValues }] of Object.entries(template.Parameters ?? {})) {
    const value = parameters[name] ?? Default
    if (value === undefined)
      throw new DeployError(`The template's parameter ${name} has no default and was given no value.`)
    if (AllowedValues && !AllowedValues.includes(value)) {
      throw new DeployError(`The parameter ${name} is "${value}"; it must be one of ${AllowedValues.join(', ')}.`)
    }
    values[name] = value
  }
  for (const name of Object.keys(parameters)) {
    if (!(name in (template.Parameters ?? {}))) throw new DeployError(`The template has no parameter ${name}.`)
  }
  return values
}

const HASH_LETTERS = 12
const DEFAULT_MAX = 255

/** As CloudFormation names resources: stack, logical id and a suffix; here the suffix is a digest, so that every boot gives the same name. */
export function physicalName(
  stack: string,
  logicalId: string,
  options: { max?: number; lower?: boolean } = {},
): string {
  const { max = DEFAULT_MAX, lower = false } = options
  const digest = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex').slice(0, HASH_LETTERS)
  const suffix = `-${lower ? digest : digest.toUpperCase()}`
  const stem = `${stack}-${logicalId}`.slice(0, max - suffix.length)
  return lower ? `${stem}${suffix}`.toLowerCase() : `${stem}${suffix}`
}

function unknownType(logicalId: string, type: string): string {
  return `${logicalId} has the type ${type}, which no service of the local cloud makes. Add it to a service's resources.ts, or to local/deploy/accepted.ts if one machine can do without it.`
}
