/** CloudFormation's intrinsic functions (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html). */
import type { Resource } from '../gateway/service.ts'
import type { Template } from './template.ts'

export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

export interface Scope {
  template: Template
  /** Parameters and pseudo parameters by name. */
  parameters: Record<string, string>
  /** What has been made so far, by logical id. */
  made: ReadonlyMap<string, Resource>
  /** Exports by name, and outputs as `Stack.Output`. */
  exported: Record<string, string>
}

export class Resolver {
  readonly #scope: Scope
  readonly #conditions = new Map<string, boolean>()
  readonly #functions: Record<string, (argument: any) => unknown>

  constructor(scope: Scope) {
    this.#scope = scope
    const { template, exported } = scope
    this.#functions = {
      Ref: (name) => this.#ref(name),
      Condition: (name) => this.condition(name),
      'Fn::GetAtt': (target) => this.#getAtt(target),
      'Fn::Join': ([separator, parts]) => (this.resolve(parts) as unknown[]).join(separator),
      'Fn::Select': ([index, list]) => this.#select(Number(this.resolve(index)), this.resolve(list) as unknown[]),
      'Fn::Split': ([separator, text]) => String(this.resolve(text)).split(separator),
      'Fn::Sub': (argument) => this.#sub(argument),
      'Fn::If': ([name, yes, no]) => this.resolve(this.condition(name) ? yes : no),
      'Fn::Equals': ([left, right]) => this.resolve(left) === this.resolve(right),
      'Fn::And': (all) => all.every((one: unknown) => this.resolve(one)),
      'Fn::Or': (any) => any.some((one: unknown) => this.resolve(one)),
      'Fn::Not': ([one]) => !this.resolve(one),
      'Fn::FindInMap': ([map, first, second]) => this.#findInMap(map, first, second),
      'Fn::Base64': (text) => Buffer.from(String(this.resolve(text))).toString('base64'),
      'Fn::GetAZs': () => ['a', 'b', 'c'].map((zone) => `${scope.parameters['AWS::Region']}${zone}`),
      'Fn::ImportValue': (name) => known(exported, String(this.resolve(name)), 'No stack exports'),
      'Fn::GetStackOutput': (output) =>
        known(
          exported,
          `${this.resolve(output.StackName)}.${this.resolve(output.OutputName)}`,
          'No stack has the output',
        ),
      'Fn::ToJsonString': (value) => JSON.stringify(this.resolve(value)),
      'Fn::Length': (list) => (this.resolve(list) as unknown[]).length,
    }
    for (const name of Object.keys(template.Conditions ?? {})) this.condition(name)
  }

  /** The value with every function in it replaced by its result; what resolves to AWS::NoValue is left out. @throws TemplateError */
  resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.resolve(item)).filter((item) => item !== undefined)
    if (value === null || typeof value !== 'object') return value
    const entries = Object.entries(value)
    const [name, argument] = entries[0] ?? []
    // `Condition` is a function only where it names one; elsewhere it is a block of an IAM policy.
    const isFunction = name !== undefined && entries.length === 1 && name in this.#functions
    if (isFunction && (name !== 'Condition' || typeof argument === 'string')) return this.#functions[name]!(argument)
    if (entries.length === 1 && name?.startsWith('Fn::'))
      throw new TemplateError(`The function ${name} is not known to the local cloud.`)
    const resolved = entries.map(([key, child]) => [key, this.resolve(child)] as const)
    return Object.fromEntries(resolved.filter(([, child]) => child !== undefined))
  }

  condition(name: string): boolean {
    const decided = this.#conditions.get(name)
    if (decided !== undefined) return decided
    const { Conditions = {} } = this.#scope.template
    if (!(name in Conditions)) throw new TemplateError(`The template has no condition "${name}".`)
    const holds = Boolean(this.resolve(Conditions[name]))
    this.#conditions.set(name, holds)
    return holds
  }

  #ref(name: string): unknown {
    if (name === 'AWS::NoValue') return undefined
    const value = this.#scope.parameters[name] ?? this.#scope.made.get(name)?.ref
    if (value === undefined)
      throw new TemplateError(`Ref names "${name}", which is neither a parameter nor a resource made before.`)
    return value
  }

  #getAtt(target: string | [string, unknown]): string {
    const [id, attribute] = Array.isArray(target) ? [target[0], String(this.resolve(target[1]))] : splitAtDot(target)
    const value = this.#scope.made.get(id)?.attributes?.[attribute]
    if (value !== undefined) return value
    const type = this.#scope.template.Resources[id]?.Type ?? 'no resource'
    throw new TemplateError(`Fn::GetAtt asks ${id} (${type}) for "${attribute}", which the local cloud does not give.`)
  }

  #sub(argument: string | [string, Record<string, unknown>]): string {
    const [text, variables] = Array.isArray(argument) ? argument : [argument, {}]
    const values = this.resolve(variables) as Record<string, unknown>
    return text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal) return `\${${name}}`
      if (name in values) return String(values[name])
      return String(name.includes('.') ? this.#getAtt(name) : this.#ref(name))
    })
  }

  #select(index: number, list: unknown[]): unknown {
    if (index in list) return list[index]
    throw new TemplateError(`Fn::Select asks for item ${index} of a list of ${list.length}.`)
  }

  #findInMap(map: unknown, first: unknown, second: unknown): unknown {
    const keys = [this.resolve(map), this.resolve(first), this.resolve(second)].map(String) as [string, string, string]
    const value = this.#scope.template.Mappings?.[keys[0]]?.[keys[1]]?.[keys[2]]
    if (value === undefined) throw new TemplateError(`The mapping ${keys.join(' / ')} is not in the template.`)
    return value
  }
}

function splitAtDot(target: string): [string, string] {
  const at = target.indexOf('.')
  return [target.slice(0, at), target.slice(at + 1)]
}

function known(values: Record<string, string>, name: string, problem: string): string {
  const value = values[name]
  if (value === undefined) throw new TemplateError(`${problem} "${name}".`)
  return value
}
