/**
 * What every workflow is made of: functions named as their states, a state machine from `definitions/`, a role that may invoke just
 * those functions, a log, alarms and triggers. A workflow extends {@link Workflow}, adds its tasks and then defines itself.
 */
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { allow } from './allow.ts'
import type { Bundles } from './bundle.ts'
import type { Jobs } from './jobs.ts'
import type { Monitoring } from './monitoring.ts'
import { TaskFunction, type TaskFunctionProps } from './task-function.ts'
import { type ExecutionsApi, WorkflowTriggers } from './triggers.ts'

export interface WorkflowProps {
  /** The repository's root: definitions/ and hql/ lie below it. */
  root: string
  bundles: Bundles
  jobs: Jobs
  monitoring: Monitoring
  api: ExecutionsApi
}

export interface DefineProps {
  /** When the workflow runs by itself, once somebody enables its schedule. */
  schedule: ScheduleExpression
  /** The input of scheduled executions. */
  input: object
  /** False where no task waits for a long job: then nobody may end its tasks. */
  hasJobs?: boolean
}

export class Workflow extends Construct {
  readonly machineName: string
  /** By its name: the machine needs the functions, so their policies cannot need the machine. */
  readonly machineArn: string
  /** By the name of their state. */
  readonly functions = new Map<string, TaskFunction>()
  private readonly props: WorkflowProps
  private defined: StateMachine | undefined

  /** @param id the workflow's name, `Batch`: its definition and its folder of tasks are called `batch`; `ModelTeardown` has the definition `model-teardown` */
  constructor(scope: Construct, id: string, props: WorkflowProps) {
    super(scope, id)
    this.props = props
    const stack = Stack.of(this)
    this.machineName = `${stack.stackName}-${id}`
    this.machineArn = stack.formatArn({
      service: 'states',
      resource: 'stateMachine',
      resourceName: this.machineName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
  }

  /** Where its tasks lie: those of `ModelTeardown` are with the tasks of `Model`. */
  private get folder(): string {
    return kebabCase(this.node.id).split('-')[0] ?? ''
  }

  /** The ARNs of all executions. */
  get executions(): string {
    return Stack.of(this).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${this.machineName}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
  }

  get machine(): StateMachine {
    if (!this.defined) throw new Error(`The workflow ${this.node.id} has not been defined yet: call define() first.`)
    return this.defined
  }

  /** Adds the function of a state: `CollectQuarter` is tasks/batch/collect-quarter.ts and the substitution of that name. */
  task(state: string, props: Omit<TaskFunctionProps, 'task' | 'bundles'>): TaskFunction {
    const task = `${this.folder}/${kebabCase(state)}`
    const made = new TaskFunction(this, state, { task, bundles: this.props.bundles, ...props })
    this.functions.set(state, made)
    return made
  }

  /** Makes the state machine of all tasks added so far, watches it and lets it be started. */
  protected define({ hasJobs = true, ...props }: DefineProps): void {
    const { root, jobs, monitoring, api } = this.props
    const name = this.node.id
    const functions = [...this.functions]
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: `The ${name} workflow invokes its functions with it`,
    })
    const arns = functions.map(([, task]) => task.arn)
    allow(role, ['lambda:InvokeFunction'], arns)
    acknowledge(role, 'Log delivery and X-Ray know no resources.', ['AwsSolutions-IAM5[Resource::*]'])
    this.defined = new StateMachine(this, 'Machine', {
      stateMachineName: this.machineName,
      role,
      definitionBody: DefinitionBody.fromFile(`${root}/definitions/${kebabCase(name)}.asl.json`),
      definitionSubstitutions: Object.fromEntries(functions.map(([state, task]) => [state, task.arn])),
      tracingEnabled: true,
      logs: {
        // Task tokens are in the data, and a token is a credential.
        includeExecutionData: false,
        level: LogLevel.ALL,
        destination: new LogGroup(this, 'Logs', {
          logGroupName: `/aws/vendedlogs/states/${this.machineName}`,
          retention: RetentionDays.THREE_MONTHS,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      },
    })
    if (hasJobs) jobs.serve(name, this.machineArn, this.executions)
    monitoring.watchWorkflow(name, this.machine, [...this.functions.values(), ...(hasJobs ? jobs.functions : [])])
    new WorkflowTriggers(this, 'Triggers', {
      name,
      machine: this.machine,
      api,
      deadLetters: jobs.deadLetters,
      ...props,
    })
  }
}

/** `CollectQuarter` → `collect-quarter` */
export function kebabCase(name: string): string {
  return name.replace(/(?<=.)([A-Z])/g, '-$1').toLowerCase()
}
