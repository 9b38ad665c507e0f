/** TestState: one state, alone (https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html). */
import { randomUUID } from 'node:crypto'
import type { Cloud } from '../../cloud.ts'
import type { Language } from '../../engines/states/definition.ts'
import { isObject, type Json, type JsonObject, parseJson, textOf } from '../../engines/states/json.ts'
import type { TaskRunner } from '../../engines/states/ports.ts'
import { type Mock, runSingleState, singleStateName } from '../../engines/states/single-state.ts'
import { type Problem, validateDefinition, validateState } from '../../engines/states/validation.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { invalidDefinition } from './machines.ts'
import { checkMockFields } from './mock-fields.ts'

const mockable = ['Task', 'Map', 'Parallel']
/** What a mocked context object may hold. */
const contextFields = ['Execution', 'State', 'StateMachine', 'Task']
/** Inspection values that are shown as they are; the others as JSON text. */
const plainInspection = new Set([
  'maxConcurrency',
  'toleratedFailureCount',
  'toleratedFailurePercentage',
  'errorDetails',
])

export function testState(cloud: Cloud, tasks: TaskRunner): Operation {
  return async (input) => {
    const { state, language } = stateOf(input)
    const mock = mockOf(input, state)
    if (state.Type === 'Task' && !mock && input.roleArn === undefined)
      throw invalid('RoleArn must be specified when testing a Task state')
    if (mock?.result !== undefined && state.Type === 'Task')
      await checkMockFields(String(state.Resource), mock.result, input.mock.fieldValidationMode ?? 'STRICT')
    const context = contextOf(input.context)
    const configuration = input.stateConfiguration ?? {}
    const name = randomUUID()
    const machine = randomUUID()
    const result = await runSingleState({
      state,
      language,
      info: {
        arn: cloud.arn('states', `express:${machine}:${name}`),
        name,
        stateMachineArn: cloud.arn('states', `stateMachine:${machine}`),
        stateMachineName: machine,
        roleArn: input.roleArn ?? '',
        express: true,
        input: input.input ?? '{}',
        startTime: Date.now(),
      },
      input: json(input.input ?? '{}', 'Invalid State Machine Execution Input'),
      variables:
        input.variables === undefined ? {} : (json(input.variables, 'Invalid variables') as Record<string, Json>),
      region: cloud.region,
      tasks,
      ...(mock && { mock }),
      ...(context && { context }),
      ...(configuration.retrierRetryCount !== undefined && { retryCount: configuration.retrierRetryCount }),
      ...(configuration.mapIterationFailureCount !== undefined && {
        failedIterations: configuration.mapIterationFailureCount,
      }),
    })
    const { inspection, ...answer } = result
    if ((input.inspectionLevel ?? 'INFO') === 'INFO') return answer
    if (input.variables !== undefined) inspection.variables = json(input.variables, 'Invalid variables')
    return { ...answer, inspectionData: shownInspection(inspection) }
  }
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message)
}

function json(text: string, what: string): Json {
  try {
    return parseJson(text)
  } catch (error) {
    throw new AwsError('InvalidExecutionInput', `${what}: '${(error as Error).message}'`)
  }
}

function shownInspection(inspection: JsonObject): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inspection).map(([key, value]) => [key, plainInspection.has(key) ? value : textOf(value)]),
  )
}

/** The state that is tested: the definition itself, or the one that `stateName` names in a machine. */
function stateOf(input: any): { state: any; language: Language } {
  const text = String(input.definition ?? '')
  const check = (problems: readonly Problem[]) => {
    if (problems.length > 0) throw invalidDefinition(problems)
  }
  let definition: any
  try {
    definition = JSON.parse(text)
  } catch {
    throw invalidDefinition(validateDefinition(text, 'STANDARD'))
  }
  let found: { state: any; language: Language }
  if (input.stateName !== undefined) {
    const state = findState(definition, input.stateName)
    if (!state) throw invalid('State not found in definition')
    check(validateDefinition(text, 'STANDARD'))
    found = { state, language: definition.QueryLanguage ?? 'JSONPath' }
  } else found = { state: definition, language: 'JSONPath' }
  if ((found.state.Type === 'Map' || found.state.Type === 'Parallel') && !input.mock)
    throw new AwsError(
      'InvalidDefinition',
      'TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]',
    )
  if (input.stateName === undefined) check(validateState(definition, singleStateName))
  return found
}

/** A state by its name, also one within a Map or Parallel. */
function findState(program: any, name: string): any {
  for (const [key, state] of Object.entries<any>(program?.States ?? {})) {
    if (key === name) return state
    for (const inner of [state?.ItemProcessor, state?.Iterator, ...(state?.Branches ?? [])]) {
      const found = inner && findState(inner, name)
      if (found) return found
    }
  }
  return undefined
}

function mockOf(input: any, state: any): Mock | undefined {
  const { mock } = input
  if (!mock) return undefined
  if (!mockable.includes(state.Type))
    throw invalid(`State type '${state.Type}' is not supported when a mock is specified`)
  if (mock.result !== undefined && mock.errorOutput !== undefined)
    throw invalid('A test mock should have only one of the following fields: [result, errorOutput].')
  if (mock.errorOutput !== undefined) return { error: mock.errorOutput }
  if (mock.result === undefined) return {}
  let result: Json
  try {
    result = parseJson(mock.result)
  } catch {
    throw invalid('Mocked result must be valid JSON')
  }
  if (state.Type === 'Parallel' || (state.Type === 'Map' && !state.ResultWriter)) {
    if (!Array.isArray(result)) throw invalid('Mocked result must be an array.')
    if (state.Type === 'Parallel' && result.length !== state.Branches?.length)
      throw invalid('Mocked result must contain the same number of items as number of Parallel branches.')
  }
  return { result }
}

function contextOf(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined
  const prefix = 'Invalid Context object provided: '
  let context: Json
  try {
    context = parseJson(text)
  } catch {
    throw invalid(`${prefix}it must be valid JSON`)
  }
  if (!isObject(context)) throw invalid(`${prefix}it must be a JSON object`)
  for (const field of Object.keys(context))
    if (!contextFields.includes(field))
      throw invalid(`${prefix}'${field}' field is not supported when mocking a Context object`)
  return context
}
