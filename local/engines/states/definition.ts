/**
 * A state machine as the interpreter runs it: the definition with every path, template and expression compiled once.
 * It takes definitions that validation has accepted.
 */
import { compileRule } from './choice-rule.ts'
import { isObject, type Json } from './json.ts'
import { type JsonPath, parsePath } from './json-path.ts'
import { type Integration, parseResource } from './resource.ts'
import type { Scope, Template } from './template.ts'
import { jsonataTemplate, pathExpression, pathTemplate } from './template.ts'

export type Language = 'JSONPath' | 'JSONata'

export interface Program {
  readonly startAt: string
  readonly states: ReadonlyMap<string, State>
  readonly timeoutSeconds: number | undefined
}

export interface Retrier {
  readonly errors: readonly string[]
  readonly intervalSeconds: number
  readonly maxAttempts: number
  readonly backoffRate: number
  readonly maxDelaySeconds: number | undefined
  readonly fullJitter: boolean
}

export interface Catcher {
  readonly errors: readonly string[]
  readonly next: string
  readonly resultPath: JsonPath | null | undefined
  readonly output: Template | undefined
  readonly assign: Template | undefined
}

/** A setting that may be a number, or be read when the state runs; `field` is its name in messages. */
export interface Setting {
  readonly field: string
  readonly path: JsonPath | undefined
  readonly template: Template
}

interface Common {
  readonly name: string
  readonly language: Language
  readonly next: string | undefined
  readonly inputPath: JsonPath | null | undefined
  readonly outputPath: JsonPath | null | undefined
  readonly resultPath: JsonPath | null | undefined
  /** Parameters of JSONPath, Arguments of JSONata. */
  readonly arguments: Template | undefined
  readonly resultSelector: Template | undefined
  readonly output: Template | undefined
  readonly assign: Template | undefined
  readonly retry: readonly Retrier[]
  readonly catch: readonly Catcher[]
}

export interface PassState extends Common {
  readonly type: 'Pass'
  readonly result: Json | undefined
}
export interface TaskState extends Common {
  readonly type: 'Task'
  readonly integration: Integration
  readonly timeout: Setting | undefined
  readonly heartbeat: Setting | undefined
  readonly credentials: Template | undefined
}
export interface ChoiceRule {
  readonly next: string
  readonly assign: Template | undefined
  readonly output: Template | undefined
  readonly test: ((scope: Scope) => boolean) | undefined
  readonly condition: Template | undefined
  readonly field: string
}
export interface ChoiceState extends Common {
  readonly type: 'Choice'
  readonly rules: readonly ChoiceRule[]
  readonly otherwise: string | undefined
}
export interface WaitState extends Common {
  readonly type: 'Wait'
  readonly seconds: Setting | undefined
  readonly timestamp: Setting | undefined
}
export interface SucceedState extends Common {
  readonly type: 'Succeed'
}
export interface FailState extends Common {
  readonly type: 'Fail'
  readonly error: Setting | undefined
  readonly cause: Setting | undefined
}
export interface ParallelState extends Common {
  readonly type: 'Parallel'
  readonly branches: readonly Program[]
}
export interface ItemReader {
  readonly resource: string
  readonly config: Json | undefined
  readonly arguments: Template | undefined
}
export interface Distribution {
  readonly executionType: 'STANDARD' | 'EXPRESS'
  readonly label: string | undefined
  readonly reader: ItemReader | undefined
  readonly maxItems: Setting | undefined
  readonly writer: { resource: string; config: Json | undefined; arguments: Template | undefined } | undefined
  readonly batch: { size: Setting | undefined; bytes: Setting | undefined; input: Template | undefined } | undefined
  readonly toleratedCount: Setting | undefined
  readonly toleratedPercentage: Setting | undefined
}
export interface MapState extends Common {
  readonly type: 'Map'
  readonly items: Template | undefined
  readonly itemsPath: JsonPath | undefined
  readonly itemSelector: Template | undefined
  readonly maxConcurrency: Setting | undefined
  readonly processor: Program
  /** Set for a distributed Map. */
  readonly distribution: Distribution | undefined
}

export type State =
  | PassState
  | TaskState
  | ChoiceState
  | WaitState
  | SucceedState
  | FailState
  | ParallelState
  | MapState

/** Compiles a definition (the parsed JSON) that validation has accepted. */
export function compileDefinition(definition: any): Program {
  return compileProgram(definition, definition.QueryLanguage ?? 'JSONPath')
}

function compileProgram(definition: any, language: Language): Program {
  const states = new Map<string, State>()
  for (const [name, state] of Object.entries<any>(definition.States))
    states.set(name, compileState(name, state, language))
  return { startAt: definition.StartAt, states, timeoutSeconds: definition.TimeoutSeconds }
}

function optionalPath(text: string | null | undefined): JsonPath | null | undefined {
  return typeof text === 'string' ? parsePath(text) : text
}

/** Compiles a single state; TestState runs such. */
export function compileState(name: string, state: any, inherited: Language): State {
  const language: Language = state.QueryLanguage ?? inherited
  const jsonata = language === 'JSONata'
  const template = (value: Json | undefined, field: string): Template | undefined =>
    value === undefined ? undefined : jsonata ? jsonataTemplate(value, field) : pathTemplate(value)
  const assign = (holder: any, field = 'Assign') =>
    isObject(holder.Assign) && Object.keys(holder.Assign).length > 0 ? template(holder.Assign, field) : undefined
  const output = (holder: any, field = 'Output') => (jsonata ? template(holder.Output, field) : undefined)
  const setting = (holder: any, field: string): Setting | undefined => {
    if (typeof holder?.[`${field}Path`] === 'string') {
      const text: string = holder[`${field}Path`]
      return {
        field: `${field}Path`,
        path: text.startsWith('$') ? parsePath(text) : undefined,
        template: pathExpression(text, `${field}Path`),
      }
    }
    if (holder?.[field] === undefined) return undefined
    const value = holder[field]
    return {
      field,
      path: undefined,
      template: jsonata ? jsonataTemplate(value, field) : { constant: value, fill: () => value },
    }
  }

  const common: Common = {
    name,
    language,
    next: state.Next,
    inputPath: optionalPath(state.InputPath),
    outputPath: optionalPath(state.OutputPath),
    resultPath: optionalPath(state.ResultPath),
    arguments: jsonata ? template(state.Arguments, 'Arguments') : template(state.Parameters, 'Parameters'),
    resultSelector: template(state.ResultSelector, 'ResultSelector'),
    output: output(state),
    assign: assign(state),
    retry: (state.Retry ?? []).map(compileRetrier),
    catch: (state.Catch ?? []).map(
      (catcher: any, index: number): Catcher => ({
        errors: catcher.ErrorEquals,
        next: catcher.Next,
        resultPath: optionalPath(catcher.ResultPath),
        output: output(catcher, `Catch[${index}]/Output`),
        assign: assign(catcher, `Catch[${index}]/Assign`),
      }),
    ),
  }

  switch (state.Type) {
    case 'Pass':
      return { ...common, type: 'Pass', result: state.Result }
    case 'Succeed':
      return { ...common, type: 'Succeed' }
    case 'Fail':
      return { ...common, type: 'Fail', error: setting(state, 'Error'), cause: setting(state, 'Cause') }
    case 'Wait':
      return { ...common, type: 'Wait', seconds: setting(state, 'Seconds'), timestamp: setting(state, 'Timestamp') }
    case 'Choice':
      return {
        ...common,
        type: 'Choice',
        otherwise: state.Default,
        rules: state.Choices.map(
          (rule: any, index: number): ChoiceRule => ({
            next: rule.Next,
            assign: assign(rule, `Choices[${index}]/Assign`),
            output: output(rule, `Choices[${index}]/Output`),
            test: jsonata ? undefined : compileRule(rule),
            condition: jsonata ? jsonataTemplate(rule.Condition, `Choices[${index}]/Condition`) : undefined,
            field: `Choices[${index}]/Condition`,
          }),
        ),
      }
    case 'Task':
      return {
        ...common,
        type: 'Task',
        integration: parseResource(state.Resource),
        timeout: setting(state, 'TimeoutSeconds'),
        heartbeat: setting(state, 'HeartbeatSeconds'),
        credentials: template(state.Credentials, 'Credentials'),
      }
    case 'Parallel':
      return {
        ...common,
        type: 'Parallel',
        branches: state.Branches.map((branch: any) => compileProgram(branch, inherited)),
      }
    case 'Map':
      return compileMap(common, state, inherited, template, setting)
    default:
      throw new Error(`State '${name}' has the unknown type ${JSON.stringify(state.Type)}.`)
  }
}

function compileMap(
  common: Common,
  state: any,
  inherited: Language,
  template: (value: Json | undefined, field: string) => Template | undefined,
  setting: (holder: any, field: string) => Setting | undefined,
): MapState {
  const jsonata = common.language === 'JSONata'
  const processor = state.ItemProcessor ?? state.Iterator
  const config = processor.ProcessorConfig
  const reader = state.ItemReader
  const writer = state.ResultWriter
  const batcher = state.ItemBatcher
  const call = (holder: any, field: string) =>
    template(jsonata ? holder.Arguments : holder.Parameters, `${field}/${jsonata ? 'Arguments' : 'Parameters'}`)
  const distribution: Distribution | undefined =
    config?.Mode !== 'DISTRIBUTED'
      ? undefined
      : {
          executionType: config.ExecutionType ?? 'STANDARD',
          label: state.Label,
          reader: reader && {
            resource: reader.Resource,
            config: reader.ReaderConfig,
            arguments: call(reader, 'ItemReader'),
          },
          maxItems: setting(reader?.ReaderConfig, 'MaxItems'),
          writer: writer && {
            resource: writer.Resource,
            config: writer.WriterConfig,
            arguments: call(writer, 'ResultWriter'),
          },
          batch: batcher && {
            size: setting(batcher, 'MaxItemsPerBatch'),
            bytes: setting(batcher, 'MaxInputBytesPerBatch'),
            input: template(batcher.BatchInput, 'ItemBatcher/BatchInput'),
          },
          toleratedCount: setting(state, 'ToleratedFailureCount'),
          toleratedPercentage: setting(state, 'ToleratedFailurePercentage'),
        }
  return {
    ...common,
    type: 'Map',
    arguments: undefined,
    items: jsonata ? template(state.Items, 'Items') : undefined,
    itemsPath: state.ItemsPath === undefined ? undefined : parsePath(state.ItemsPath),
    itemSelector:
      state.ItemSelector !== undefined
        ? template(state.ItemSelector, 'ItemSelector')
        : template(jsonata ? undefined : state.Parameters, 'Parameters'),
    maxConcurrency: setting(state, 'MaxConcurrency'),
    processor: compileProgram(processor, inherited),
    distribution,
  }
}

function compileRetrier(retrier: any): Retrier {
  return {
    errors: retrier.ErrorEquals,
    intervalSeconds: retrier.IntervalSeconds ?? 1,
    maxAttempts: retrier.MaxAttempts ?? 3,
    backoffRate: retrier.BackoffRate ?? 2,
    maxDelaySeconds: retrier.MaxDelaySeconds,
    fullJitter: retrier.JitterStrategy === 'FULL',
  }
}
