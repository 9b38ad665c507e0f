/** Versions and aliases of state machines (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html). */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { machineArn } from './arns.ts'
import type { Found, Machines } from './machines.ts'
import { missing, versionArn } from './machines.ts'
import { page } from './paging.ts'
import type { AliasRow, MachineRow } from './rows.ts'

const forbiddenName = /[^0-9A-Za-z_.-]/

export class Aliases {
  readonly #machines: Machines

  constructor(machines: Machines) {
    this.#machines = machines
  }

  /** The machine and version that an execution of this ARN runs; an alias chooses by its weights. */
  resolve(arn: unknown): Found & { aliasArn?: string } {
    const { qualifier } = machineArn(arn)
    const machine = this.#machines.machine(arn)
    const alias = machine.aliases.find((candidate) => candidate.name === qualifier)
    if (!alias) return this.#machines.find(arn)
    let dice = Math.random() * 100
    const route =
      alias.routingConfiguration.find(({ weight }) => {
        dice -= weight
        return dice < 0
      }) ?? alias.routingConfiguration[0]!
    return { ...this.#machines.find(route.stateMachineVersionArn), aliasArn: alias.arn }
  }

  #find(arn: unknown): { machine: MachineRow; alias: AliasRow } {
    const { qualifier } = machineArn(arn)
    let machine: MachineRow | undefined
    try {
      machine = this.#machines.machine(arn)
    } catch (error) {
      if ((error as Error).name !== 'StateMachineDoesNotExist') throw error
    }
    const alias = machine?.aliases.find((candidate) => candidate.name === qualifier)
    if (!machine || !alias) throw new AwsError('ResourceNotFound', `Request references a resource that does not exist.`)
    return { machine, alias }
  }

  #routing(given: any): { machine: MachineRow; routes: AliasRow['routingConfiguration'] } {
    const routes: AliasRow['routingConfiguration'] = (given ?? []).map((route: any) => ({
      stateMachineVersionArn: route.stateMachineVersionArn,
      weight: route.weight,
    }))
    const received = `Received: [${routes.map((route) => route.stateMachineVersionArn).join(', ')}]`
    const invalid = (message: string) => new AwsError('ValidationException', message)
    if (routes.length === 0 || routes.length > 2)
      throw invalid('The routing configuration list must have one or two versions.')
    if (routes.reduce((sum, route) => sum + route.weight, 0) !== 100)
      throw invalid(
        `Sum of routing configuration weights must equal 100. Received: [${routes.map((route) => route.weight).join(', ')}]`,
      )
    if (routes.length === 2 && routes[0]!.stateMachineVersionArn === routes[1]!.stateMachineVersionArn)
      throw invalid(`Routing configuration must contain distinct state machine version ARNs. ${received}`)
    let machine: MachineRow | undefined
    for (const route of routes) {
      const parsed = machineArn(route.stateMachineVersionArn)
      if (parsed.qualifier === undefined || !/^\d+$/.test(parsed.qualifier))
        throw invalid(`Routing configuration must contain state machine version ARNs. ${received}`)
      const found = this.#machines.find(route.stateMachineVersionArn)
      if (machine && machine.arn !== found.machine.arn)
        throw invalid('Routing configuration must contain versions of one state machine.')
      machine = found.machine
    }
    return { machine: machine!, routes }
  }

  operations(): Record<string, Operation> {
    const machines = this.#machines
    return {
      PublishStateMachineVersion: (input) => {
        const machine = machines.machine(input.stateMachineArn)
        if (machineArn(input.stateMachineArn).qualifier !== undefined) throw missing(input.stateMachineArn)
        const current = machine.revisionId ?? 'INITIAL'
        if (input.revisionId !== undefined && input.revisionId !== current)
          throw new AwsError(
            'ConflictException',
            `Failed to publish the State Machine version for revision ${input.revisionId}. The current State Machine revision is ${current}.`,
          )
        const version = machines.publishVersion(machine, input.description)
        return { creationDate: new Date(version.creationDate), stateMachineVersionArn: versionArn(machine, version) }
      },

      ListStateMachineVersions: (input) => {
        const machine = machines.machine(input.stateMachineArn)
        const versions = machine.versions
          .map((version) => ({
            stateMachineVersionArn: versionArn(machine, version),
            creationDate: new Date(version.creationDate),
          }))
          .reverse()
        const { items, nextToken } = page(versions, input)
        return { stateMachineVersions: items, ...nextToken }
      },

      DeleteStateMachineVersion: (input) => {
        const { qualifier } = machineArn(input.stateMachineVersionArn)
        if (qualifier === undefined || !/^\d+$/.test(qualifier))
          throw new AwsError(
            'ValidationException',
            `1 validation error detected: Value '${input.stateMachineVersionArn}' at 'stateMachineVersionArn' failed to satisfy constraint: Member must be a state machine version ARN`,
          )
        let machine: MachineRow
        try {
          machine = machines.machine(input.stateMachineVersionArn)
        } catch (error) {
          if ((error as Error).name === 'StateMachineDoesNotExist') return {}
          throw error
        }
        const users = machine.aliases.filter((alias) =>
          alias.routingConfiguration.some((route) => route.stateMachineVersionArn === input.stateMachineVersionArn),
        )
        if (users.length > 0)
          throw new AwsError(
            'ConflictException',
            `Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [${users.map((alias) => alias.name).join(', ')}]`,
          )
        machine.versions = machine.versions.filter((version) => String(version.version) !== qualifier)
        machines.save(machine)
        return {}
      },

      CreateStateMachineAlias: (input) => {
        const name = String(input.name ?? '')
        checkAliasName(name)
        const { machine, routes } = this.#routing(input.routingConfiguration)
        const existing = machine.aliases.find((alias) => alias.name === name)
        if (existing) {
          const same =
            JSON.stringify(existing.routingConfiguration) === JSON.stringify(routes) &&
            existing.description === input.description
          if (!same)
            throw new AwsError(
              'ConflictException',
              'Failed to create alias because an alias with the same name and a different routing configuration already exists.',
            )
          return { stateMachineAliasArn: existing.arn, creationDate: new Date(existing.creationDate) }
        }
        const now = Date.now()
        const alias: AliasRow = {
          name,
          arn: `${machine.arn}:${name}`,
          ...(input.description !== undefined && { description: input.description }),
          routingConfiguration: routes,
          creationDate: now,
          updateDate: now,
        }
        machine.aliases.push(alias)
        machines.save(machine)
        return { stateMachineAliasArn: alias.arn, creationDate: new Date(now) }
      },

      UpdateStateMachineAlias: (input) => {
        const { machine, alias } = this.#find(input.stateMachineAliasArn)
        if (input.description === undefined && input.routingConfiguration === undefined)
          throw new AwsError('ValidationException', 'Either description or routingConfiguration must be specified.')
        if (input.description !== undefined) alias.description = input.description
        if (input.routingConfiguration !== undefined) {
          const { machine: routed, routes } = this.#routing(input.routingConfiguration)
          if (routed.arn !== machine.arn)
            throw new AwsError(
              'ValidationException',
              'Routing configuration must contain versions of one state machine.',
            )
          alias.routingConfiguration = routes
        }
        alias.updateDate = Date.now()
        machines.save(machine)
        return { updateDate: new Date(alias.updateDate) }
      },

      DescribeStateMachineAlias: (input) => {
        const { alias } = this.#find(input.stateMachineAliasArn)
        return {
          stateMachineAliasArn: alias.arn,
          name: alias.name,
          ...(alias.description !== undefined && { description: alias.description }),
          routingConfiguration: alias.routingConfiguration,
          creationDate: new Date(alias.creationDate),
          updateDate: new Date(alias.updateDate),
        }
      },

      DeleteStateMachineAlias: (input) => {
        const { machine, alias } = this.#find(input.stateMachineAliasArn)
        machine.aliases = machine.aliases.filter((other) => other !== alias)
        machines.save(machine)
        return {}
      },

      ListStateMachineAliases: (input) => {
        const { qualifier } = machineArn(input.stateMachineArn)
        const machine = machines.machine(input.stateMachineArn)
        const aliases = machine.aliases
          .filter(
            (alias) =>
              qualifier === undefined ||
              alias.routingConfiguration.some((route) => route.stateMachineVersionArn === input.stateMachineArn),
          )
          .map((alias) => ({ stateMachineAliasArn: alias.arn, creationDate: new Date(alias.creationDate) }))
        const { items, nextToken } = page(aliases, input)
        return { stateMachineAliases: items, ...nextToken }
      },
    }
  }
}

function checkAliasName(name: string): void {
  const constraint = (text: string) =>
    new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${name}' at 'name' failed to satisfy constraint: ${text}`,
    )
  if (name.length === 0) throw constraint('Member must have length greater than or equal to 1')
  if (name.length > 80) throw constraint('Member must have length less than or equal to 80')
  if (forbiddenName.test(name) || /^\d+$/.test(name))
    throw constraint('Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$')
}
