/**
 * AWS's own managed policies that CDK apps attach, by ARN
 * (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html).
 */
import type { PolicyDocument, PolicyStatement } from '../../gateway/principal.ts'

const writeLogs = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents']

const networkInterfaces = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
]

const allow = (
  Action: string[],
  Resource: string | string[] = '*',
  more: Partial<PolicyStatement> = {},
): PolicyStatement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})

const emrTag = { StringEquals: { 'aws:ResourceTag/for-use-with-amazon-emr-managed-policies': 'true' } }
const emrRequestTag = { StringEquals: { 'aws:RequestTag/for-use-with-amazon-emr-managed-policies': 'true' } }

const documents: Record<string, PolicyStatement[]> = {
  'service-role/AWSLambdaBasicExecutionRole': [allow(writeLogs)],
  'service-role/AWSLambdaVPCAccessExecutionRole': [allow([...writeLogs, ...networkInterfaces])],
  'service-role/AWSLambdaKinesisExecutionRole': [
    allow([
      'kinesis:DescribeStream',
      'kinesis:DescribeStreamSummary',
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
      'kinesis:ListShards',
      'kinesis:ListStreams',
      'kinesis:SubscribeToShard',
      ...writeLogs,
    ]),
  ],
  'service-role/AmazonAPIGatewayPushToCloudWatchLogs': [
    allow([
      'logs:CreateLogGroup',
      'logs:CreateLogStream',
      'logs:DescribeLogGroups',
      'logs:DescribeLogStreams',
      'logs:PutLogEvents',
      'logs:GetLogEvents',
      'logs:FilterLogEvents',
    ]),
  ],
  CloudWatchLambdaInsightsExecutionRolePolicy: [
    allow(['logs:CreateLogGroup']),
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], 'arn:aws:logs:*:*:log-group:/aws/lambda-insights:*'),
  ],
  AWSXRayDaemonWriteAccess: [
    allow([
      'xray:PutTraceSegments',
      'xray:PutTelemetryRecords',
      'xray:GetSamplingRules',
      'xray:GetSamplingTargets',
      'xray:GetSamplingStatisticSummaries',
    ]),
  ],
  // https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-managed-policy-fullaccess-v2.html, without its list of volumes and images
  'service-role/AmazonEMRServicePolicy_v2': [
    allow(
      [
        'ec2:CreateNetworkInterface',
        'ec2:RunInstances',
        'ec2:CreateFleet',
        'ec2:CreateLaunchTemplate',
        'ec2:CreateLaunchTemplateVersion',
      ],
      ['arn:aws:ec2:*:*:subnet/*', 'arn:aws:ec2:*:*:security-group/*'],
      { Condition: emrTag },
    ),
    allow(
      ['ec2:CreateFleet', 'ec2:RunInstances', 'ec2:CreateLaunchTemplateVersion'],
      'arn:aws:ec2:*:*:launch-template/*',
      { Condition: emrTag },
    ),
    allow(['ec2:CreateLaunchTemplate'], 'arn:aws:ec2:*:*:launch-template/*', { Condition: emrRequestTag }),
    allow(['ec2:RunInstances', 'ec2:CreateFleet'], ['arn:aws:ec2:*:*:instance/*', 'arn:aws:ec2:*:*:volume/*'], {
      Condition: emrRequestTag,
    }),
    allow(
      ['ec2:CreateTags'],
      ['arn:aws:ec2:*:*:instance/*', 'arn:aws:ec2:*:*:volume/*', 'arn:aws:ec2:*:*:launch-template/*'],
    ),
    allow(['ec2:CreateSecurityGroup'], 'arn:aws:ec2:*:*:vpc/*', { Condition: emrTag }),
    allow(
      [
        'ec2:AuthorizeSecurityGroupEgress',
        'ec2:AuthorizeSecurityGroupIngress',
        'ec2:RevokeSecurityGroupEgress',
        'ec2:RevokeSecurityGroupIngress',
        'ec2:TerminateInstances',
        'ec2:ModifyInstanceAttribute',
        'ec2:DeleteLaunchTemplate',
        'ec2:DeleteNetworkInterface',
      ],
      '*',
      { Condition: emrTag },
    ),
    allow([
      'ec2:DescribeAccountAttributes',
      'ec2:DescribeCapacityReservations',
      'ec2:DescribeDhcpOptions',
      'ec2:DescribeImages',
      'ec2:DescribeInstances',
      'ec2:DescribeInstanceTypeOfferings',
      'ec2:DescribeLaunchTemplates',
      'ec2:DescribeNetworkAcls',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribePlacementGroups',
      'ec2:DescribeRouteTables',
      'ec2:DescribeSecurityGroups',
      'ec2:DescribeSubnets',
      'ec2:DescribeVolumes',
      'ec2:DescribeVolumeStatus',
      'ec2:DescribeVpcAttribute',
      'ec2:DescribeVpcEndpoints',
      'ec2:DescribeVpcs',
    ]),
    allow(
      ['cloudwatch:PutMetricAlarm', 'cloudwatch:DeleteAlarms', 'cloudwatch:DescribeAlarms'],
      'arn:aws:cloudwatch:*:*:alarm:*_EMR_Auto_Scaling',
    ),
    allow([
      'application-autoscaling:DeleteScalingPolicy',
      'application-autoscaling:DeregisterScalableTarget',
      'application-autoscaling:DescribeScalableTargets',
      'application-autoscaling:DescribeScalingPolicies',
      'application-autoscaling:PutScalingPolicy',
      'application-autoscaling:RegisterScalableTarget',
    ]),
    allow(['resource-groups:ListGroupResources'], 'arn:aws:resource-groups:*:*:group/*'),
    allow(['iam:PassRole'], 'arn:aws:iam::*:role/EMR_EC2_DefaultRole', {
      Condition: { StringLike: { 'iam:PassedToService': 'ec2.amazonaws.com*' } },
    }),
  ],
}

/** The document of an AWS managed policy, or undefined for one that is not in the table. */
export function managedPolicy(arn: string): PolicyDocument | undefined {
  const [, name = ''] = /^arn:aws:iam::aws:policy\/(.+)$/.exec(arn) ?? []
  const Statement = Object.hasOwn(documents, name) ? documents[name] : undefined
  return Statement && { Version: '2012-10-17', Statement }
}
