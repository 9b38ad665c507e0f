/**
 * The three ways to start a workflow: a schedule (shipped DISABLED), the StartExecution API behind one HTTPS address, and the
 * console, which needs nothing. Every workflow gets one {@link WorkflowTriggers}; they share one {@link ExecutionsApi}.
 */
import { CfnOutput, CfnParameter, Duration, Stack } from 'aws-cdk-lib'
import {
  AuthorizationType,
  AwsIntegration,
  EndpointType,
  JsonSchemaType,
  JsonSchemaVersion,
  Model,
  PassthroughBehavior,
  RequestValidator,
  type Resource,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type CfnSchedule, Schedule, type ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler'
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { allow } from './allow.ts'

export interface WorkflowTriggersProps {
  machine: IStateMachine
  /** `Batch`: names the path below `/executions` and the parameter that enables the schedule. */
  name: string
  api: ExecutionsApi
  schedule: ScheduleExpression
  /** The input of scheduled executions. */
  input: object
  /** Keeps the invocations of the schedule that failed. */
  deadLetters: IQueue
}

export class WorkflowTriggers extends Construct {
  constructor(scope: Construct, id: string, props: WorkflowTriggersProps) {
    super(scope, id)
    const state = new CfnParameter(this, 'State', {
      default: 'DISABLED',
      allowedValues: ['DISABLED', 'ENABLED'],
      description: `Whether the ${props.name} workflow runs on its schedule`,
    })
    state.overrideLogicalId(`${props.name}ScheduleState`)
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: `EventBridge Scheduler starts the ${props.name} workflow with it`,
    })
    const schedule = new Schedule(this, 'Schedule', {
      description: `Starts the ${props.name} workflow`,
      schedule: props.schedule,
      target: new StepFunctionsStartExecution(props.machine, {
        role,
        input: ScheduleTargetInput.fromObject(props.input),
        deadLetterQueue: props.deadLetters,
        maxEventAge: Duration.hours(1),
        retryAttempts: 3,
      }),
    })
    ;(schedule.node.defaultChild as CfnSchedule).addPropertyOverride('State', state.valueAsString)
    props.api.add(props.name.replace(/(?<=.)([A-Z])/g, '-$1').toLowerCase(), props.machine)
  }
}

/**
 * `POST <address>/<workflow>` with the input as its JSON body, signed (SigV4) by someone with `execute-api:Invoke`. Who may ask twice names
 * the execution, `PUT <address>/<workflow>/<name>`: while it runs, the same request gets the same execution, and later none is started.
 */
export class ExecutionsApi extends Construct {
  private readonly executions: Resource
  private readonly role: Role
  private readonly validator: RequestValidator
  private readonly input: Model

  constructor(scope: Construct, id: string) {
    super(scope, id)
    const api = new RestApi(this, 'Api', {
      // Metrics go by the name of an API, so no other may have it.
      restApiName: `${Stack.of(this).stackName}-Executions`,
      description: 'Starts executions of workflows',
      endpointConfiguration: { types: [EndpointType.REGIONAL] },
      // The role that lets API Gateway write logs is one for the whole account: not for a stack to set.
      cloudWatchRole: false,
      // Metrics by method would each cost as a custom one; those of the API are there without.
      deployOptions: { stageName: 'v1', throttlingRateLimit: 5, throttlingBurstLimit: 10 },
      defaultMethodOptions: { authorizationType: AuthorizationType.IAM },
    })
    // Its own output would repeat ours.
    api.node.tryRemoveChild('Endpoint')
    this.executions = api.root.addResource('executions')
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
      description: 'API Gateway starts executions with it',
    })
    this.validator = new RequestValidator(this, 'Validator', {
      restApi: api,
      validateRequestBody: true,
      validateRequestParameters: true,
    })
    this.input = new Model(this, 'Input', {
      restApi: api,
      contentType: 'application/json',
      description: 'The input of an execution',
      schema: { schema: JsonSchemaVersion.DRAFT4, type: JsonSchemaType.OBJECT },
    })
    new CfnOutput(this, 'Url', {
      value: api.urlForPath('/executions'),
      description: 'POST here, below the name of a workflow, to start an execution',
    }).overrideLogicalId('ExecutionsApiUrl')

    acknowledge(
      api,
      'Access logs need a role that belongs to the account, not to a stack; CloudTrail records every StartExecution.',
      ['AwsSolutions-APIG1', 'AwsSolutions-APIG6'],
    )
    acknowledge(
      api,
      'Every method wants an IAM signature and calls are throttled, so a firewall would have nothing to refuse.',
      ['AwsSolutions-APIG3'],
    )
    acknowledge(api, 'Callers are machines and operators of the account: IAM authorizes them, there is no user pool.', [
      'AwsSolutions-COG4',
    ])
  }

  /** Adds `POST /executions/<workflow>` and `PUT /executions/<workflow>/<name>`; both answer `{"executionArn", "startDate"}`. */
  add(workflow: string, machine: IStateMachine): void {
    allow(this.role, ['states:StartExecution'], [machine.stateMachineArn])
    const resource = this.executions.addResource(workflow)
    this.addMethod(resource, 'POST', startExecutionTemplate(machine))
    this.addMethod(resource.addResource('{name}'), 'PUT', startExecutionTemplate(machine, "$input.params('name')"))
  }

  private addMethod(resource: Resource, method: string, template: string): void {
    resource.addMethod(
      method,
      // CDK's own StepFunctionsIntegration takes express workflows only.
      new AwsIntegration({
        service: 'states',
        action: 'StartExecution',
        options: {
          credentialsRole: this.role,
          passthroughBehavior: PassthroughBehavior.NEVER,
          requestTemplates: { 'application/json': template },
          integrationResponses: [
            { statusCode: '200' },
            { statusCode: '400', selectionPattern: '4\\d{2}' },
            { statusCode: '500', selectionPattern: '5\\d{2}' },
          ],
        },
      }),
      {
        requestValidator: this.validator,
        requestModels: { 'application/json': this.input },
        methodResponses: [{ statusCode: '200' }, { statusCode: '400' }, { statusCode: '500' }],
      },
    )
  }
}

/** The body becomes a string inside JSON. escapeJavaScript also escapes single quotes, which JSON knows no escape for. */
const startExecutionTemplate = (machine: IStateMachine, name?: string) =>
  `{"stateMachineArn": "${machine.stateMachineArn}", ${name ? `"name": "$util.escapeJavaScript(${name})", ` : ''}"input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\\\'", "'")"}`
