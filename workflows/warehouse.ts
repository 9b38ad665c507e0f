/** Redshift Serverless, where analysts query loans. It bills for the seconds that queries run, and for storage. */
import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { type IVpc, SecurityGroup, SubnetType } from 'aws-cdk-lib/aws-ec2'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnNamespace, CfnWorkgroup } from 'aws-cdk-lib/aws-redshiftserverless'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { allow } from './allow.ts'

export interface WarehouseProps {
  vpc: IVpc
  /** What COPY reads. */
  processed: IBucket
}

export class Warehouse extends Construct {
  readonly namespace: CfnNamespace
  readonly workgroup: CfnWorkgroup
  readonly workgroupName: string
  readonly database = 'loans'

  constructor(scope: Construct, id: string, props: WarehouseProps) {
    super(scope, id)
    const name = Stack.of(this).stackName.toLowerCase()
    const role = new Role(this, 'CopyRole', {
      assumedBy: new ServicePrincipal('redshift.amazonaws.com'),
      description: 'COPY reads processed files with it (IAM_ROLE default)',
    })
    role.assumeRolePolicy?.addStatements(
      new PolicyStatement({
        actions: ['sts:AssumeRole'],
        principals: [new ServicePrincipal('redshift-serverless.amazonaws.com')],
      }),
    )
    allow(role, ['s3:GetBucketLocation', 's3:ListBucket'], [props.processed.bucketArn])
    allow(role, ['s3:GetObject'], [props.processed.arnForObjects('*')], {
      because: 'Hive names the files that COPY reads; the bucket bounds them.',
    })

    this.namespace = new CfnNamespace(this, 'Namespace', {
      namespaceName: name,
      dbName: this.database,
      // Redshift keeps the administrator's password in a secret of its own and rotates it.
      manageAdminPassword: true,
      iamRoles: [role.roleArn],
      defaultIamRoleArn: role.roleArn,
      logExports: ['userlog', 'connectionlog', 'useractivitylog'],
    })
    // It has a name: kept after a first deployment that failed, it would be in the way of the second.
    this.namespace.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: 'Redshift: the Data API needs no way in through the network',
    })
    this.workgroup = new CfnWorkgroup(this, 'Workgroup', {
      workgroupName: name,
      namespaceName: this.namespace.ref,
      baseCapacity: 8,
      maxCapacity: 32,
      publiclyAccessible: false,
      // Redshift Serverless wants subnets in three zones.
      subnetIds: props.vpc.selectSubnets({ subnetType: SubnetType.PRIVATE_ISOLATED }).subnetIds,
      securityGroupIds: [securityGroup.securityGroupId],
      configParameters: [{ parameterKey: 'require_ssl', parameterValue: 'true' }],
    })
    this.workgroupName = this.workgroup.ref
  }
}
