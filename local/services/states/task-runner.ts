/** Calls the resources of tasks through the door, as the machine's role. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Cloud } from '../../cloud.ts'
import { StatesError, TaskFailure } from '../../engines/states/errors.ts'
import { isObject, type Json, type JsonObject, textOf } from '../../engines/states/json.ts'
import type { TaskAnswer, TaskCall, TaskRunner } from '../../engines/states/ports.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Principal } from '../../gateway/principal.ts'
import { machineArn } from './arns.ts'
import { optimised, type ServiceIntegration, sdk } from './integrations.ts'

/** Waits for the end of a nested execution and answers as DescribeExecution does. */
export type AwaitExecution = (arn: string, signal: AbortSignal) => Promise<any>

export class CloudTaskRunner implements TaskRunner {
  readonly #cloud: Cloud
  readonly #awaitExecution: AwaitExecution

  constructor(cloud: Cloud, awaitExecution: AwaitExecution) {
    this.#cloud = cloud
    this.#awaitExecution = awaitExecution
  }

  async run(call: TaskCall): Promise<TaskAnswer> {
    const { integration } = call
    const principal = this.#principal(call)
    if (integration.kind === 'lambda') {
      const { payload } = await this.#invoke(principal, { FunctionName: integration.arn, Payload: call.arguments })
      return { output: payload }
    }
    if (integration.service === 'lambda' && integration.action === 'invoke' && !integration.sdk) {
      const { answer } = await this.#invoke(principal, call.arguments as JsonObject)
      return { output: answer }
    }
    const target = (integration.sdk ? sdk : optimised)[integration.service]
    if (!target)
      throw new StatesError(
        'States.Runtime',
        `The local cloud does not serve the integration '${integration.resourceType}:${integration.resource}'.`,
      )
    const output = await this.#call(principal, target, call)
    if (integration.service === 'states' && integration.pattern.startsWith('sync')) {
      const arn = (output as JsonObject).ExecutionArn as string
      const { Output, ...started } = output as JsonObject
      void Output
      return { output: started, end: this.#nested(call, arn) }
    }
    if (integration.pattern.startsWith('sync'))
      throw new StatesError(
        'States.Runtime',
        `The local cloud does not wait for '${integration.resourceType}:${integration.resource}'.`,
      )
    return { output }
  }

  rejoin(call: TaskCall, submitted: Json): Promise<Json> {
    return this.#nested(call, (submitted as JsonObject).ExecutionArn as string)
  }

  #principal(call: TaskCall): Principal {
    const roleArn = call.roleArn ?? call.execution.roleArn
    try {
      const name = call.execution.name.replace(/[^\w+=,.@-]/g, '_').slice(0, 64)
      return this.#cloud.assumeRole(roleArn, 'states.amazonaws.com', name).principal
    } catch (error) {
      throw new TaskFailure('States.Permissions', (error as Error).message)
    }
  }

  async #invoke(principal: Principal, input: JsonObject): Promise<{ payload: Json; answer: Json }> {
    const { Payload, ...rest } = input
    const text =
      Payload === undefined || Payload === null
        ? undefined
        : typeof Payload === 'string'
          ? jsonText(Payload)
          : textOf(Payload)
    let result: any
    try {
      result = await this.#cloud.call(principal, 'lambda', 'Invoke', {
        ...rest,
        ...(text !== undefined && { Payload: Buffer.from(text) }),
      })
    } catch (error) {
      throw this.#failure(optimised.lambda!, error)
    }
    const body = result.Payload === undefined ? '' : Buffer.from(result.Payload).toString()
    if (result.FunctionError) {
      let errorType: unknown
      try {
        errorType = (JSON.parse(body) as JsonObject).errorType
      } catch {
        errorType = undefined
      }
      throw new TaskFailure(typeof errorType === 'string' ? errorType : 'Lambda.Unknown', body)
    }
    const payload = body === '' ? null : parsed(body)
    const answer: JsonObject = {
      ExecutedVersion: result.ExecutedVersion ?? '$LATEST',
      Payload: payload,
      ...metadata(result, {
        'X-Amz-Executed-Version': result.ExecutedVersion ?? '$LATEST',
        'x-amzn-Remapped-Content-Length': '0',
        Connection: 'keep-alive',
        'Content-Length': String(Buffer.byteLength(body)),
        Date: new Date().toUTCString(),
        'X-Amzn-Trace-Id': `root=1-${Math.floor(Date.now() / 1000).toString(16)}-${crypto.randomUUID().replaceAll('-', '').slice(0, 24)};sampled=0`,
        'Content-Type': 'application/json',
      }),
      StatusCode: result.StatusCode ?? 200,
    }
    if (result.LogResult !== undefined) answer.LogResult = result.LogResult
    return { payload, answer }
  }

  async #call(principal: Principal, target: ServiceIntegration, call: TaskCall): Promise<Json> {
    const integration = call.integration as Extract<TaskCall['integration'], { kind: 'service' }>
    const operation = `${integration.action[0]!.toUpperCase()}${integration.action.slice(1)}`
    const given = (isObject(call.arguments) ? call.arguments : {}) as JsonObject
    let input = target.camelCase ? (camelCased(given) as JsonObject) : { ...given }
    for (const name of target.texts ?? []) input = withText(input, name.split('.')) as JsonObject
    if (operation === 'StartExecution' && input.input === null) delete input.input
    if (operation === 'PutEvents' && !integration.sdk) addSources(input, call)
    if (operation === 'PutObject' && input.Body !== undefined)
      (input as any).Body = Buffer.from(typeof input.Body === 'string' ? input.Body : textOf(input.Body))
    // A nested execution without a name gets one of its attempt: a call that is made again finds it.
    const named = target.service === 'states' && operation === 'StartExecution' && input.name === undefined
    if (named) input.name = uuidOf(call.id)
    let result: any
    try {
      result = await this.#cloud.call(principal, target.service, operation, input)
    } catch (error) {
      const existing = named && (error as Error).name === 'ExecutionAlreadyExists'
      if (!existing) throw this.#failure(target, error, integration.sdk)
      const { machine } = machineArn(input.stateMachineArn)
      const executionArn = `${machine.replace(':stateMachine:', ':execution:')}:${input.name}`
      const { startDate } = await this.#cloud.call(principal, 'states', 'DescribeExecution', { executionArn })
      result = { executionArn, startDate }
    }
    if (result?.Body instanceof Readable) result = { ...result, Body: await readText(result.Body) }
    if (operation === 'PutEvents' && !integration.sdk && result?.FailedEntryCount > 0)
      throw new TaskFailure('EventBridge.FailedEntry', JSON.stringify(toOutput(result, false)))
    const output = toOutput(result ?? {}, target.camelCase ?? false) as JsonObject
    if (integration.sdk) return output
    const body = String(JSON.stringify(output).length)
    return {
      ...output,
      ...metadata(result, {
        'x-amzn-RequestId': '',
        connection: 'keep-alive',
        'Content-Length': body,
        Date: new Date().toUTCString(),
        'Content-Type': 'application/x-amz-json-1.0',
      }),
    }
  }

  async #nested(call: TaskCall, arn: string): Promise<Json> {
    const integration = call.integration as Extract<TaskCall['integration'], { kind: 'service' }>
    const described = await this.#awaitExecution(arn, call.signal)
    const json = integration.pattern === 'sync:2'
    const shown = (text: string | undefined): Json => (json && text !== undefined ? (JSON.parse(text) as Json) : text!)
    const result: JsonObject = {
      ExecutionArn: described.executionArn,
      Input: shown(described.input),
      InputDetails: { Included: true },
      Name: described.name,
      ...(described.output !== undefined && { Output: shown(described.output), OutputDetails: { Included: true } }),
      RedriveCount: described.redriveCount ?? 0,
      RedriveStatus: described.redriveStatus,
      ...(described.redriveStatusReason !== undefined && { RedriveStatusReason: described.redriveStatusReason }),
      StartDate: described.startDate.getTime(),
      StateMachineArn: described.stateMachineArn,
      Status: described.status,
      StopDate: described.stopDate?.getTime() ?? null,
      ...(described.error !== undefined && { Error: described.error }),
      ...(described.cause !== undefined && { Cause: described.cause }),
    }
    if (described.status === 'SUCCEEDED') return result
    throw new TaskFailure('States.TaskFailed', JSON.stringify(result))
  }

  #failure(target: ServiceIntegration, error: unknown, isSdk = false): StatesError {
    if (!(error instanceof AwsError)) {
      this.#cloud.log('error', 'A task could not be called.', { error: (error as Error)?.message })
      return new TaskFailure(`${target.errors}.SdkClientException`, (error as Error)?.message)
    }
    const name = error.name.endsWith('Exception') ? error.name : `${error.name}Exception`
    const status = error.status ?? statuses.find(([name]) => error.name.includes(name))?.[1] ?? 400
    const request = crypto.randomUUID()
    const origin =
      target.causeName !== undefined && !isSdk
        ? `(Service: ${target.causeName}; Status Code: ${status}; Error Code: ${error.name}; Request ID: ${request}; Proxy: null)`
        : `(Service: ${target.errors}, Status Code: ${status}, Request ID: ${request})${isSdk ? ' (SDK Attempt Count: 1)' : ''}`
    return new TaskFailure(`${target.errors}.${name}`, `${error.message} ${origin}`)
  }
}

/** The optimised integration says which execution an event comes from (https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html). */
function addSources(input: JsonObject, call: TaskCall): void {
  if (!Array.isArray(input.Entries)) return
  const sources = [call.execution.stateMachineArn, call.execution.arn]
  input.Entries = input.Entries.map((entry) => {
    if (!isObject(entry)) return entry
    const named = Array.isArray(entry.Resources) ? entry.Resources : []
    return { ...entry, Resources: [...named, ...sources.filter((arn) => !named.includes(arn))] }
  })
}

async function readText(stream: Readable): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(Buffer.from(part))
  return Buffer.concat(parts).toString()
}

function uuidOf(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex')
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join('-')
}

/** HTTP statuses that causes show, by what an error is called. */
const statuses: readonly (readonly [string, number])[] = [
  ['NotFound', 404],
  ['AccessDenied', 403],
  ['TooManyRequests', 429],
  ['Conflict', 409],
  ['ServiceException', 500],
  ['ServiceUnavailable', 503],
]

/** A payload that is text is JSON text already; text that is none is a JSON string. */
function jsonText(payload: string): string {
  try {
    JSON.parse(payload)
    return payload
  } catch {
    return JSON.stringify(payload)
  }
}

function parsed(body: string): Json {
  try {
    return JSON.parse(body) as Json
  } catch {
    return body
  }
}

function metadata(result: any, headers: Record<string, string>): JsonObject {
  const requestId: string = result?.$metadata?.requestId ?? crypto.randomUUID()
  const all: Record<string, string> = { ...headers, 'x-amzn-RequestId': requestId }
  return {
    SdkHttpMetadata: {
      AllHttpHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
      HttpHeaders: all,
      HttpStatusCode: 200,
    },
    SdkResponseMetadata: { RequestId: requestId },
  }
}

function camelCased(value: Json): Json {
  if (Array.isArray(value)) return value.map(camelCased)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const name = `${key[0]?.toLowerCase() ?? ''}${key.slice(1)}`
      return [name, name === 'input' || name === 'output' ? member : camelCased(member)]
    }),
  )
}

/** Writes a member that takes JSON text as text. */
function withText(value: Json, path: readonly string[]): Json {
  if (Array.isArray(value)) return value.map((item) => withText(item, path))
  if (!isObject(value)) return value
  const [name, ...rest] = path as [string, ...string[]]
  const member = value[name]
  if (member === undefined) return value
  if (rest.length > 0) return { ...value, [name]: withText(member, rest) }
  return { ...value, [name]: typeof member === 'string' || member === null ? member : textOf(member) }
}

/** An answer as Step Functions shows it: members in Pascal case, dates and bytes as text. */
function toOutput(value: unknown, pascalCase: boolean): Json {
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (Array.isArray(value)) return value.map((item) => toOutput(item, pascalCase))
  if (typeof value !== 'object' || value === null) return (value ?? null) as Json
  const result: JsonObject = {}
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined || key === '$metadata') continue
    result[pascalCase ? `${key[0]!.toUpperCase()}${key.slice(1)}` : key] = toOutput(member, pascalCase)
  }
  return result
}
