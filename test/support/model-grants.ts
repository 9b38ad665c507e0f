/**
 * Takes the grants of the model workflow's roles away, one after the other, and calls the one function that needs it once more, with
 * what a run has given it: cheaper than a run a grant.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import {
  CreateEndpointConfigCommand,
  CreateModelCommand,
  CreateTrainingJobCommand,
  DescribeEndpointCommand,
  DescribeModelCommand,
  DescribeTrainingJobCommand,
} from '@aws-sdk/client-sagemaker'
import { paginateGetExecutionHistory, paginateListExecutions, SFNClient } from '@aws-sdk/client-sfn'
import { type Grant, grantsOf, roleName, without } from './grants.ts'
import type { ModelCloud } from './model-cloud.ts'

/** What a grant that is taken away does; undefined where its task goes on without it. */
export type Denial = string | undefined

/** A function of the workflow, with what it was called with. */
interface Called {
  name: string
  payloads: any[]
}

const NOWHERE = 'images/0123456789abcdef/'
/** Ends the name of a second configuration of the same model. */
const OTHER = '-x'
const modelOf = (config: string) => config.replace(/-x$/, '')

export class ModelGrants {
  readonly #model: ModelCloud
  readonly #endpoint: string
  readonly #sfn: SFNClient
  readonly #lambda: LambdaClient
  #called = new Map<string, Called>()

  constructor(model: ModelCloud, endpoint: string) {
    this.#model = model
    this.#endpoint = endpoint
    const options = {
      endpoint: model.cloud.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
    }
    this.#sfn = new SFNClient(options)
    this.#lambda = new LambdaClient(options)
  }

  all(): Grant[] {
    return grantsOf(this.#model.cloud, /^Model/).sort((a, b) =>
      `${a.role} ${a.action}`.localeCompare(`${b.role} ${b.action}`),
    )
  }

  /** Reads the histories of all runs so far: which function a role belongs to, and what it got, the latest first. */
  async learn(): Promise<void> {
    const stateMachineArn = this.#model.cloud.outputs.ModelStateMachineArn!
    for await (const { executions = [] } of paginateListExecutions({ client: this.#sfn }, { stateMachineArn })) {
      for (const { executionArn } of executions) {
        for await (const { events = [] } of paginateGetExecutionHistory({ client: this.#sfn }, { executionArn })) {
          for (const { taskScheduledEventDetails: task } of events) {
            if (!task?.parameters) continue
            const { FunctionName, Payload } = JSON.parse(task.parameters)
            await this.#know(FunctionName, Payload)
          }
        }
      }
    }
  }

  async #know(FunctionName: string, payload: unknown): Promise<void> {
    const { Role = '', FunctionName: name = '' } = await this.#lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName }),
    )
    const role = Role.split('/').pop()!
    const known = this.#called.get(role)
    if (known) known.payloads.push(payload)
    else this.#called.set(role, { name, payloads: [payload] })
  }

  /** Takes the grant away, does what needs it, gives it back. @returns how that failed */
  async missed({ role, action }: Grant): Promise<Denial> {
    const restore = without(this.#model.cloud, role, action)
    try {
      if (/^ModelSageMakerRole/.test(role)) return await this.#training(role)
      if (/^Model(Teardown)?Role/.test(role)) return await this.#execution(role)
      if (/^ModelTeardownDeleteEndpointRole/.test(role)) return await this.#execution('ModelTeardownRole')
      if (/^ModelClassifyApi/.test(role)) return await this.#classify()
      return await this.#function(role, action)
    } finally {
      restore()
    }
  }

  async #function(role: string, action: string): Promise<Denial> {
    const called = this.#called.get(roleName(this.#model.cloud, role))
    if (!called) return undefined
    const undo = await this.#prepare(role, called)
    try {
      const payload = await this.#payload(role, action, called)
      const { FunctionError, Payload } = await this.#lambda.send(
        new InvokeCommand({ FunctionName: called.name, Payload: JSON.stringify(payload) }),
      )
      const answer = Buffer.from(Payload ?? []).toString()
      return FunctionError && /AccessDenied|not authorized/.test(answer) ? answer : undefined
    } finally {
      await undo()
      if (/Endpoint(Role)/.test(role)) await this.#settled()
    }
  }

  /** What the function was called with last, or what brings it to ask for the action. */
  async #payload(role: string, action: string, { payloads }: Called): Promise<unknown> {
    const serving = (await this.#settled()).EndpointConfigName
    // S3 says that an object is missing only to those who may list.
    const plan = payloads.find((payload) => payload.plan)?.plan
    if (action === 's3:ListBucket' && plan) return { ...payloads[0], plan: { ...plan, prefix: NOWHERE } }
    if (/DeployEndpoint/.test(role)) return { ...payloads[0], config: await this.#anotherConfig(serving!) }
    if (/RollBackEndpoint/.test(role)) return { ...payloads[0], previous: await this.#anotherConfig(serving!) }
    if (/SmokeTest/.test(role)) return payloads.find(({ model }) => model === modelOf(serving!)) ?? payloads[0]
    return payloads[0]
  }

  /** The same model under another name: something to update to. */
  async #anotherConfig(serving: string): Promise<string> {
    const model = modelOf(serving)
    const name = serving === model ? `${model}${OTHER}` : model
    const variant = { VariantName: model, ModelName: model, InitialInstanceCount: 1 }
    await this.#model.sagemaker
      .send(
        new CreateEndpointConfigCommand({
          EndpointConfigName: name,
          ProductionVariants: [{ ...variant, InstanceType: 'ml.c5.large' }],
        }),
      )
      .catch(() => {})
    return name
  }

  /** What must be so for the function to ask. @returns what puts it back */
  async #prepare(role: string, { payloads }: Called): Promise<() => Promise<void>> {
    if (/ListImages/.test(role)) {
      const { cloud } = this.#model.cloud
      const finished = (await this.#model.keys('images/')).filter((key) => key.endsWith('/dataset.json'))
      const texts = await Promise.all(finished.map((key) => this.#model.text(key)))
      for (const Key of finished)
        await cloud.call(cloud.admin, 's3', 'DeleteObject', { Bucket: this.#model.processed, Key })
      return async () => {
        for (const [i, key] of finished.entries()) await this.#model.put(key, texts[i]!, this.#model.processed)
      }
    }
    if (/RemoveOldModels/.test(role)) await this.#oldModels(payloads[0].model)
    return async () => {}
  }

  /** Four models, with their configurations, that are the newest: three older ones have to go. */
  async #oldModels(model: string): Promise<void> {
    const { PrimaryContainer, ExecutionRoleArn } = await this.#model.sagemaker.send(
      new DescribeModelCommand({ ModelName: model }),
    )
    for (const i of [1, 2, 3, 4]) {
      const name = `stepwell-old-${i}`
      const exists = () => {}
      await this.#model.sagemaker
        .send(new CreateModelCommand({ ModelName: name, PrimaryContainer, ExecutionRoleArn }))
        .catch(exists)
      await this.#model.sagemaker
        .send(
          new CreateEndpointConfigCommand({
            EndpointConfigName: name,
            ProductionVariants: [
              { VariantName: name, ModelName: name, InitialInstanceCount: 1, InstanceType: 'ml.c5.large' },
            ],
          }),
        )
        .catch(exists)
    }
  }

  async #settled() {
    for (;;) {
      const endpoint = await this.#model.sagemaker.send(new DescribeEndpointCommand({ EndpointName: this.#endpoint }))
      if (endpoint.EndpointStatus !== 'Updating' && endpoint.EndpointStatus !== 'RollingBack') return endpoint
      await sleep(20)
    }
  }

  /** A job like the last one that succeeded: its features are known, so it takes a second. */
  async #training(role: string): Promise<Denial> {
    const { sagemaker } = this.#model
    const [like] = (await this.#model.keys('models/')).flatMap(
      (key) => /^models\/([^/]+)\/output\//.exec(key)?.[1] ?? [],
    )
    const job = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: like }))
    const TrainingJobName = `without-${role.length}-${Date.now()}`
    const { AlgorithmSpecification, RoleArn, InputDataConfig, OutputDataConfig, ResourceConfig, StoppingCondition } =
      job
    await sagemaker.send(
      new CreateTrainingJobCommand({
        TrainingJobName,
        AlgorithmSpecification,
        RoleArn,
        InputDataConfig,
        OutputDataConfig,
        ResourceConfig,
        StoppingCondition,
        HyperParameters: { ...job.HyperParameters, epochs: '1' },
      }),
    )
    for (;;) {
      const { TrainingJobStatus, FailureReason } = await sagemaker.send(
        new DescribeTrainingJobCommand({ TrainingJobName }),
      )
      if (TrainingJobStatus === 'Failed') return /not authorized/.test(FailureReason ?? '') ? FailureReason : undefined
      if (TrainingJobStatus !== 'InProgress') return undefined
      await sleep(50)
    }
  }

  async #execution(role: string): Promise<Denial> {
    const machine = /Teardown/.test(role) ? 'ModelTeardownStateMachineArn' : 'ModelStateMachineArn'
    const { status, cause } = await this.#model.run({}, machine)
    return status === 'FAILED' && /not authorized/.test(cause ?? '') ? cause : undefined
  }

  async #classify(): Promise<Denial> {
    const { url } = this.#model.cloud
    const { api } = (await (await fetch(`${url}/classifier/config.json`)).json()) as { api: string }
    const jpeg = (await this.#model.keys('images/')).find((key) => /\/held-out\/.*\.jpg$/.test(key))!
    const picture = await this.#model.bytes(jpeg)
    const response = await fetch(new URL(api, url), {
      method: 'POST',
      body: JSON.stringify({ image: Buffer.from(picture).toString('base64') }),
    })
    return response.status === 500 ? await response.text() : undefined
  }

  close(): void {
    this.#sfn.destroy()
    this.#lambda.destroy()
  }
}
