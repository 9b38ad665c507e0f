/** Rules of the default event bus. */
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import { compilePattern } from './pattern.ts'

/** A target, as the API and CloudFormation have it. */
export interface Target {
  Id: string
  Arn: string
  RoleArn?: string
  Input?: string
  InputPath?: string
  InputTransformer?: { InputPathsMap?: Record<string, string>; InputTemplate: string }
  RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number }
  DeadLetterConfig?: { Arn?: string }
}

export interface Rule {
  name: string
  arn: string
  state: 'ENABLED' | 'DISABLED'
  description?: string
  /** JSON text. */
  pattern?: string
  schedule?: string
  /** When the rule was made: rates count from here. ISO 8601. */
  since: string
  roleArn?: string
  targets: Target[]
}

export interface Store {
  readonly cloud: Cloud
  readonly rules: Collection<Rule>
  /** @throws AwsError ResourceNotFoundException */
  rule(name: string, bus?: string): Rule
  /** @throws AwsError ResourceNotFoundException for every bus but the default one */
  checkBus(bus?: string): void
  save(rule: Rule): void
  remove(name: string): void
  /** The rules whose pattern an event satisfies. */
  matching(event: object): Rule[]
  /** Called with a rule after it changed, or with its name when it is gone. */
  onChange(listener: (name: string, rule?: Rule) => void): void
}

export function createStore(cloud: Cloud): Store {
  const rules = cloud.collection<Rule>('events.rules')
  const listeners: ((name: string, rule?: Rule) => void)[] = []
  // Patterns are compiled once; the rows stay the truth.
  let compiled: { rule: Rule; matches: (event: unknown) => boolean }[] | undefined
  const changed = (name: string, rule?: Rule) => {
    compiled = undefined
    for (const listener of listeners) listener(name, rule)
  }

  const store: Store = {
    cloud,
    rules,
    checkBus(bus = 'default') {
      const name = bus.startsWith('arn:') ? bus.split('/').at(-1)! : bus
      if (name !== 'default') throw new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`)
    },
    rule(name, bus) {
      store.checkBus(bus)
      const rule = rules.get(name)
      if (!rule) throw new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus default.`)
      return rule
    },
    save(rule) {
      rules.put(rule.name, rule)
      changed(rule.name, rule)
    },
    remove(name) {
      rules.delete(name)
      changed(name)
    },
    matching(event) {
      compiled ??= rules
        .entries()
        .filter(([, rule]) => rule.state === 'ENABLED' && rule.pattern !== undefined)
        .map(([, rule]) => ({ rule, matches: compilePattern(rule.pattern!) }))
      return compiled.filter(({ matches }) => matches(event)).map(({ rule }) => rule)
    },
    onChange: (listener) => void listeners.push(listener),
  }
  return store
}
