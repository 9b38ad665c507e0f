/** The batch workflow: its functions, its state machine and what may start it. */
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import { allow } from '../allow.ts'
import type { Bundles } from '../bundle.ts'
import type { Database } from '../database.ts'
import type { Jobs } from '../jobs.ts'
import type { Monitoring } from '../monitoring.ts'
import type { Network } from '../network.ts'
import type { Parameters } from '../parameters.ts'
import type { Storage } from '../storage.ts'
import { TaskFunction, type TaskFunctionProps } from '../task-function.ts'
import type { Warehouse } from '../warehouse.ts'
import { addCollectTasks } from './collect.ts'
import { addLoadTasks } from './load.ts'
import { addProcessTasks } from './process.ts'
import { addReportTasks } from './report.ts'

export interface BatchProps {
  /** The repository's root: definitions/ and hql/ lie below it. */
  root: string
  bundles: Bundles
  parameters: Parameters
  /** The name and password for the download site. */
  sourceCredentials: ISecret
  storage: Storage
  network: Network
  database: Database
  warehouse: Warehouse
  jobs: Jobs
  monitoring: Monitoring
}

/** What the parts of the batch workflow are made from. */
export interface BatchContext extends BatchProps {
  /** Knows of each quarter which archive reached which stage. */
  archives: Table
  /** The state machine's ARN, by its name: the machine needs the functions, so their policies cannot need the machine. */
  machineArn: string
  machineName: string
  /** Adds the function of a state; its name is the substitution in the definition. */
  task(state: string, props: Omit<TaskFunctionProps, 'task' | 'bundles'>): TaskFunction
}

export class Batch extends Construct {
  readonly machine: StateMachine
  readonly archives: Table
  /** By the name of their state. */
  readonly functions: ReadonlyMap<string, TaskFunction>

  constructor(scope: Construct, id: string, props: BatchProps) {
    super(scope, id)
    const stack = Stack.of(this)
    const stateMachineName = `${stack.stackName}-Batch`
    const machineArn = stack.formatArn({
      service: 'states',
      resource: 'stateMachine',
      resourceName: stateMachineName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
    this.archives = new Table(this, 'Archives', {
      partitionKey: { name: 'quarter', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    })

    const functions = new Map<string, TaskFunction>()
    this.functions = functions
    const task = (state: string, taskProps: Omit<TaskFunctionProps, 'task' | 'bundles'>) => {
      const made = new TaskFunction(this, state, {
        task: `batch/${kebabCase(state)}`,
        bundles: props.bundles,
        ...taskProps,
      })
      functions.set(state, made)
      return made
    }
    const context: BatchContext = { ...props, archives: this.archives, machineArn, machineName: stateMachineName, task }
    addCollectTasks(context)
    addProcessTasks(this, context)
    addLoadTasks(context)
    addReportTasks(context)

    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
      description: 'The batch workflow invokes its functions with it',
    })
    allow(
      role,
      ['lambda:InvokeFunction'],
      [...functions.values()].map((made) => made.arn),
    )
    acknowledge(role, 'Log delivery and X-Ray know no resources.', ['AwsSolutions-IAM5[Resource::*]'])
    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName,
      role,
      definitionBody: DefinitionBody.fromFile(`${props.root}/definitions/batch.asl.json`),
      definitionSubstitutions: Object.fromEntries([...functions].map(([state, made]) => [state, made.arn])),
      tracingEnabled: true,
      logs: {
        // Task tokens are in the data, and a token is a credential.
        includeExecutionData: false,
        level: LogLevel.ALL,
        destination: new LogGroup(this, 'Logs', {
          logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
          retention: RetentionDays.THREE_MONTHS,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      },
    })
    props.jobs.serve('Batch', machineArn)
  }
}

/** `CollectQuarter` → `collect-quarter` */
function kebabCase(name: string): string {
  return name.replace(/(?<=.)([A-Z])/g, '-$1').toLowerCase()
}
