/**
 * What a transient EMR cluster needs to exist before it is created: two roles, an instance profile and two security groups. The
 * cluster itself is the workflow's: it lives as long as a run has Hive scripts for it.
 */
import { Stack, Tags } from 'aws-cdk-lib'
import { type IVpc, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2'
import { InstanceProfile, ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Asset } from 'aws-cdk-lib/aws-s3-assets'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { allow } from './allow.ts'

export interface ClusterProps {
  vpc: IVpc
  raw: IBucket
  processed: IBucket
  logs: IBucket
  /** The Hive scripts that steps run. */
  scripts: Asset[]
}

export class Cluster extends Construct {
  /** EMR itself acts under it: instances, volumes, network interfaces. */
  readonly serviceRole: Role
  /** The nodes act under it, and so does Hive. */
  readonly nodeRole: Role
  readonly instanceProfile: InstanceProfile
  readonly primary: SecurityGroup
  readonly core: SecurityGroup
  /** EMR's managed policy works on resources with this tag only. */
  static readonly tag = { key: 'for-use-with-amazon-emr-managed-policies', value: 'true' }

  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id)
    this.nodeRole = new Role(this, 'NodeRole', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      description: 'What Hive may read and write on the nodes of a cluster',
    })
    const because = 'Hive names the files it reads and writes; the bucket bounds them.'
    const { raw, processed, logs } = props
    // Whoever writes logs may look first whether their bucket is there (HeadBucket), which is s3:ListBucket too.
    const buckets = [raw.bucketArn, processed.bucketArn, logs.bucketArn]
    allow(this.nodeRole, ['s3:GetBucketLocation', 's3:ListBucket'], buckets)
    allow(this.nodeRole, ['s3:GetObject'], [raw.arnForObjects('*')], { because })
    allow(
      this.nodeRole,
      ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      [processed.arnForObjects('*')],
      { because },
    )
    allow(this.nodeRole, ['s3:PutObject'], [logs.arnForObjects('emr/*')], {
      because: 'EMR names the log files below the prefix.',
    })
    allow(
      this.nodeRole,
      ['s3:GetObject'],
      props.scripts.map((script) => script.bucket.arnForObjects(script.s3ObjectKey)),
    )

    const { partition, region } = Stack.of(this)
    allow(this.nodeRole, ['s3:GetObject'], [`arn:${partition}:s3:::${region}.elasticmapreduce/*`], {
      because: "EMR's public bucket of the region holds what its own step runners load.",
    })

    this.serviceRole = new Role(this, 'ServiceRole', {
      assumedBy: new ServicePrincipal('elasticmapreduce.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonEMRServicePolicy_v2')],
      description: 'EMR makes and ends the instances of a cluster with it',
    })
    // The managed policy may pass EMR's default node role only.
    allow(this.serviceRole, ['iam:PassRole'], [this.nodeRole.roleArn], {
      conditions: { StringLike: { 'iam:PassedToService': 'ec2.amazonaws.com*' } },
    })
    acknowledge(this.serviceRole, 'EMR maintains this policy; it is scoped to resources that carry the EMR tag.', [
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2]',
    ])

    this.instanceProfile = new InstanceProfile(this, 'InstanceProfile', { role: this.nodeRole })
    this.primary = this.nodes('Primary', props.vpc)
    this.core = this.nodes('Core', props.vpc)
    // EMR would add these rules by itself, and then neither group could be deleted while it names the other.
    for (const group of [this.primary, this.core]) {
      for (const peer of [this.primary, this.core]) {
        for (const port of [Port.allTcp(), Port.allUdp(), Port.allIcmp()]) {
          group.addIngressRule(peer, port, 'Between the nodes of a cluster', group !== peer)
        }
      }
    }
  }

  private nodes(id: string, vpc: IVpc): SecurityGroup {
    const group = new SecurityGroup(this, id, {
      vpc,
      description: `${id} nodes of EMR clusters: nobody outside of it connects`,
    })
    Tags.of(group).add(Cluster.tag.key, Cluster.tag.value)
    return group
  }
}
