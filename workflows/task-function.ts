/** One Lambda function: the bundle of a task, a role of its own that begins with no more than its log, and a log group that forgets. */
import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib'
import { type ISecurityGroup, type IVpc, SubnetType } from 'aws-cdk-lib/aws-ec2'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, Code, Function as LambdaFunction, type LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { allow } from './allow.ts'
import type { Bundles } from './bundle.ts'

export interface TaskFunctionProps {
  /** `batch/list-archives`: the file below `tasks/`, without its ending. */
  task: string
  bundles: Bundles
  environment: Record<string, string>
  /** Seconds. */
  timeout: number
  /** MiB; Lambda gives CPU in proportion. */
  memory: number
  /** MiB of `/tmp`; 512 where it is left out. */
  storage?: number
  /** The role of another function, where two of them must be the same to somebody else. */
  role?: Role
  /** Native packages; they are built for x86-64. */
  layer?: LayerVersion
  /** For a function that reaches something inside the VPC. */
  network?: { vpc: IVpc; securityGroup: ISecurityGroup }
}

export class TaskFunction extends Construct {
  readonly function: LambdaFunction
  readonly role: Role

  constructor(scope: Construct, id: string, props: TaskFunctionProps) {
    super(scope, id)
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/${Stack.of(this).stackName}/${props.task}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.role =
      props.role ??
      new Role(this, 'Role', {
        assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
        description: `What tasks/${props.task}.ts may do`,
      })
    allow(this.role, ['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn])
    if (props.network) {
      // Lambda makes the function's network interfaces with the function's role, under names that it chooses.
      allow(this.role, networkInterfaceActions, ['*'], {
        because: 'Lambda manages network interfaces under the role of the function and accepts no narrower resource.',
      })
    }
    this.function = new LambdaFunction(this, 'Function', {
      description: `tasks/${props.task}.ts`,
      runtime: Runtime.NODEJS_24_X,
      architecture: props.layer ? Architecture.X86_64 : Architecture.ARM_64,
      ...(props.layer && { layers: [props.layer] }),
      handler: 'index.handler',
      code: Code.fromAsset(props.bundles.folder(props.task)),
      environment: props.environment,
      timeout: Duration.seconds(props.timeout),
      memorySize: props.memory,
      ...(props.storage && { ephemeralStorageSize: Size.mebibytes(props.storage) }),
      role: this.role,
      logGroup,
      ...(props.network && {
        vpc: props.network.vpc,
        vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
        securityGroups: [props.network.securityGroup],
      }),
    })
  }

  get arn(): string {
    return this.function.functionArn
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions */
const networkInterfaceActions = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
]
