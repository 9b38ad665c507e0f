/**
 * The network: public subnets for EMR's nodes, isolated ones for MySQL, Redshift and the functions that speak to MySQL.
 * There is no NAT gateway (it bills by the hour): S3 and DynamoDB are reached through gateway endpoints, which are free.
 */
import { RemovalPolicy, Tags } from 'aws-cdk-lib'
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'

export interface NetworkProps {
  /** Receives the flow log of refused traffic. */
  logs: IBucket
}

export class Network extends Construct {
  readonly vpc: Vpc
  /** Worn by the functions that run inside the VPC. */
  readonly functions: SecurityGroup

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id)
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.20.0.0/16'),
      maxAzs: 3,
      natGateways: 0,
      // Emptying the default security group takes a custom resource; nothing here wears that group.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 22 },
        { name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 22 },
      ],
    })
    this.vpc.applyRemovalPolicy(RemovalPolicy.DESTROY)
    this.vpc.addFlowLog('RefusedTraffic', {
      destination: FlowLogDestination.toS3(props.logs, 'flow/'),
      trafficType: FlowLogTrafficType.REJECT,
    })
    // EMR's service role may only use networks that carry this tag.
    Tags.of(this.vpc).add('for-use-with-amazon-emr-managed-policies', 'true')

    this.vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 })
    this.vpc.addGatewayEndpoint('DynamoDb', { service: GatewayVpcEndpointAwsService.DYNAMODB })

    this.functions = new SecurityGroup(this, 'Functions', {
      vpc: this.vpc,
      description: 'Functions that run inside the VPC: they call, nobody calls them',
    })
    const endpoints = new SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc,
      description: 'Interface endpoints of AWS services: functions call them over TLS',
      allowAllOutbound: false,
    })
    endpoints.addIngressRule(this.functions, Port.HTTPS, 'TLS from functions')
    // One zone is enough for a call a run, and an interface endpoint bills by the hour and zone.
    this.vpc.addInterfaceEndpoint('SecretsManager', {
      service: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      subnets: { subnets: this.vpc.isolatedSubnets.slice(0, 1) },
      securityGroups: [endpoints],
      open: false,
    })
  }
}
