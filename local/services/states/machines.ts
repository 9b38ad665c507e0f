/** Operations on state machines: create, update, delete, describe, list, validate. */
import { randomUUID } from 'node:crypto'
import type { Cloud } from '../../cloud.ts'
import { type Problem, validateDefinition, variableReferences } from '../../engines/states/validation.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { checkName, machineArn } from './arns.ts'
import { checkLogging } from './logging.ts'
import { page } from './paging.ts'
import type { MachineRow, Revision, Rows, VersionRow } from './rows.ts'

const defaultLogging = { level: 'OFF', includeExecutionData: false }

/** A machine, or one version of it, as an ARN names it. */
export interface Found {
  readonly machine: MachineRow
  readonly version: VersionRow | undefined
}

export class Machines {
  readonly #cloud: Cloud
  readonly #rows: Rows

  constructor(cloud: Cloud, rows: Rows) {
    this.#cloud = cloud
    this.#rows = rows
  }

  /** The machine of an ARN, without regard to its version. @throws AwsError StateMachineDoesNotExist, InvalidArn */
  machine(arn: unknown): MachineRow {
    const parsed = machineArn(arn)
    const row = this.#rows.machines.get(parsed.name)
    if (!row || row.arn !== parsed.machine) throw missing(String(arn))
    return row
  }

  /** The machine or version of an ARN; an alias is not one. */
  find(arn: unknown): Found {
    const { qualifier } = machineArn(arn)
    const machine = this.machine(arn)
    if (qualifier === undefined) return { machine, version: undefined }
    const version = machine.versions.find((candidate) => String(candidate.version) === qualifier)
    if (!version) throw missing(String(arn))
    return { machine, version }
  }

  save(machine: MachineRow): void {
    this.#rows.machines.put(machine.name, machine)
  }

  /** Creates a machine, or finds the very same one. @throws AwsError */
  create(input: any): { stateMachineArn: string; creationDate: Date; stateMachineVersionArn?: string } {
    const name = checkName(input.name)
    const type = input.type ?? 'STANDARD'
    if (input.versionDescription !== undefined && !input.publish)
      throw new AwsError('ValidationException', 'Version description can only be set when publish is true')
    this.#check(input.definition, type)
    const logging = checkLogging(input.loggingConfiguration, defaultLogging)
    const tracing = { enabled: false, ...input.tracingConfiguration }
    const tags = input.tags ?? []
    const existing = this.#rows.machines.get(name)
    if (existing) {
      const same =
        existing.definition === input.definition &&
        existing.roleArn === input.roleArn &&
        existing.type === type &&
        JSON.stringify(existing.loggingConfiguration) === JSON.stringify(logging) &&
        JSON.stringify(existing.tracingConfiguration) === JSON.stringify(tracing)
      if (!same || existing.deleting)
        throw new AwsError('StateMachineAlreadyExists', `State Machine Already Exists: '${existing.arn}'`)
      const answer = { stateMachineArn: existing.arn, creationDate: new Date(existing.creationDate) }
      if (!input.publish) return answer
      return {
        ...answer,
        stateMachineVersionArn: versionArn(existing, this.publishVersion(existing, input.versionDescription)),
      }
    }
    const now = Date.now()
    const machine: MachineRow = {
      arn: this.#cloud.arn('states', `stateMachine:${name}`),
      name,
      type,
      definition: input.definition,
      roleArn: input.roleArn,
      loggingConfiguration: logging,
      tracingConfiguration: tracing,
      encryptionConfiguration: input.encryptionConfiguration ?? { type: 'AWS_OWNED_KEY' },
      creationDate: now,
      updateDate: now,
      tags: input.tags ?? [],
      versions: [],
      lastVersion: 0,
      aliases: [],
    }
    void tags
    const answer: { stateMachineArn: string; creationDate: Date; stateMachineVersionArn?: string } = {
      stateMachineArn: machine.arn,
      creationDate: new Date(now),
    }
    if (input.publish)
      answer.stateMachineVersionArn = versionArn(machine, this.publishVersion(machine, input.versionDescription))
    this.save(machine)
    return answer
  }

  /** Makes a version of the machine as it is, or finds the one that is the same. */
  publishVersion(machine: MachineRow, description: string | undefined): VersionRow {
    const latest = machine.versions.at(-1)
    if (latest && latest.revisionId === machine.revisionId) return latest
    const version: VersionRow = {
      definition: machine.definition,
      roleArn: machine.roleArn,
      loggingConfiguration: machine.loggingConfiguration,
      tracingConfiguration: machine.tracingConfiguration,
      encryptionConfiguration: machine.encryptionConfiguration,
      ...(machine.revisionId !== undefined && { revisionId: machine.revisionId }),
      updateDate: machine.updateDate,
      version: ++machine.lastVersion,
      ...(description !== undefined && { description }),
      creationDate: Date.now(),
    }
    machine.versions.push(version)
    this.save(machine)
    return version
  }

  update(input: any): { updateDate: Date; revisionId?: string; stateMachineVersionArn?: string } {
    const { qualifier } = machineArn(input.stateMachineArn)
    const machine = this.machine(input.stateMachineArn)
    if (qualifier !== undefined || machine.deleting) throw missing(String(input.stateMachineArn))
    if (input.versionDescription !== undefined && !input.publish)
      throw new AwsError('ValidationException', 'Version description can only be set when publish is true')
    const settings = [
      'definition',
      'roleArn',
      'loggingConfiguration',
      'tracingConfiguration',
      'encryptionConfiguration',
    ]
    if (!input.publish && settings.every((key) => input[key] === undefined))
      throw new AwsError(
        'MissingRequiredParameter',
        'Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration, or the TracingConfiguration must be specified',
      )
    if (input.definition !== undefined) this.#check(input.definition, machine.type)
    const changed =
      (input.definition !== undefined && input.definition !== machine.definition) ||
      (input.roleArn !== undefined && input.roleArn !== machine.roleArn)
    const next: Revision = {
      definition: input.definition ?? machine.definition,
      roleArn: input.roleArn ?? machine.roleArn,
      loggingConfiguration:
        input.loggingConfiguration === undefined
          ? machine.loggingConfiguration
          : checkLogging(input.loggingConfiguration, defaultLogging),
      tracingConfiguration: input.tracingConfiguration ?? machine.tracingConfiguration,
      encryptionConfiguration: input.encryptionConfiguration ?? machine.encryptionConfiguration,
      updateDate: Date.now(),
    }
    Object.assign(machine, next)
    if (changed) machine.revisionId = randomUUID()
    this.save(machine)
    const answer: { updateDate: Date; revisionId?: string; stateMachineVersionArn?: string } = {
      updateDate: new Date(machine.updateDate),
    }
    if (machine.revisionId !== undefined) answer.revisionId = machine.revisionId
    if (input.publish)
      answer.stateMachineVersionArn = versionArn(machine, this.publishVersion(machine, input.versionDescription))
    return answer
  }

  /** Deletes a machine; one that was never there is as good. */
  delete(arn: unknown): void {
    const { name } = machineArn(arn)
    this.#rows.machines.delete(name)
  }

  describe(arn: unknown): object {
    const { machine, version } = this.find(arn)
    const revision: Revision = version ?? machine
    return {
      stateMachineArn: version ? versionArn(machine, version) : machine.arn,
      name: machine.name,
      status: machine.deleting ? 'DELETING' : 'ACTIVE',
      definition: revision.definition,
      roleArn: revision.roleArn,
      type: machine.type,
      creationDate: new Date(version?.creationDate ?? machine.creationDate),
      loggingConfiguration: revision.loggingConfiguration,
      tracingConfiguration: revision.tracingConfiguration,
      encryptionConfiguration: revision.encryptionConfiguration,
      ...(revision.revisionId !== undefined && { revisionId: revision.revisionId }),
      ...(version?.description !== undefined && { description: version.description }),
      ...references(revision.definition),
    }
  }

  list(input: any): object {
    const machines = this.#rows.machines.entries().map(([, machine]) => ({
      stateMachineArn: machine.arn,
      name: machine.name,
      type: machine.type,
      creationDate: new Date(machine.creationDate),
    }))
    const { items, nextToken } = page(machines, input)
    return { stateMachines: items, ...nextToken }
  }

  #check(definition: unknown, type: 'STANDARD' | 'EXPRESS'): void {
    const problems = validateDefinition(String(definition ?? ''), type)
    if (problems.length > 0) throw invalidDefinition(problems)
  }
}

/** All problems in one message, as AWS lists them. */
export function invalidDefinition(problems: readonly Problem[]): AwsError {
  const whole = problems.find((problem) => problem.whole)?.whole
  const texts = problems.map((problem) => problem.text).join(', ')
  return new AwsError('InvalidDefinition', whole ?? `Invalid State Machine Definition: '${texts}'`)
}

/** Which variables each state reads, if any does. */
export function references(definition: string): { variableReferences?: Record<string, string[]> } {
  const found = variableReferences(definition)
  return Object.keys(found).length > 0 ? { variableReferences: found } : {}
}

export function versionArn(machine: { arn: string }, version: { version: number }): string {
  return `${machine.arn}:${version.version}`
}

export function missing(arn: string): AwsError {
  return new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`)
}

/** ValidateStateMachineDefinition: it answers, and throws nothing. */
export const validateStateMachineDefinition: Operation = (input) => {
  const problems = validateDefinition(String(input.definition ?? ''), input.type ?? 'STANDARD')
  const wanted = problems.filter((problem) => input.severity === 'WARNING' || problem.severity === 'ERROR')
  const most = input.maxResults > 0 ? Math.min(input.maxResults, 100) : 100
  return {
    result: problems.some((problem) => problem.severity === 'ERROR') ? 'FAIL' : 'OK',
    diagnostics: wanted.slice(0, most).map((problem) => ({
      severity: problem.severity,
      code: problem.code,
      message: problem.message,
      ...(problem.location !== undefined && { location: problem.location }),
    })),
    truncated: wanted.length > most,
  }
}
