/**
 * What differs between two deployments of the same template. An account keeps the defaults or sets them with
 * `cdk deploy --parameters`; the local cloud passes its own values when it boots.
 */
import { CfnParameter } from 'aws-cdk-lib'
import { Construct } from 'constructs'

export class Parameters extends Construct {
  /** Where archives come from: `s3` (somebody puts them under a prefix of the raw bucket) or `http` (a download site with a login). */
  readonly sourceDriver: string
  /** The download site's first page, for the `http` driver. */
  readonly sourceUrl: string
  /** The prefix of the raw bucket that the `s3` driver lists. */
  readonly landingPrefix: string
  readonly clusterRelease: string
  /** Instance types of one size, with commas: EC2 takes whichever it has. */
  readonly clusterPrimaryTypes: string
  readonly clusterCoreTypes: string
  /** On-Demand nodes, which hold HDFS. */
  readonly clusterCoreUnits: string
  /** Spot nodes, which only compute. */
  readonly clusterTaskUnits: string
  /** GiB of disk of each core and task node; 0 leaves it to EMR. */
  readonly clusterDisk: string
  readonly trainingInstanceType: string
  readonly endpointInstanceType: string
  /** With two or more, a new model serves one of them first. */
  readonly endpointInstances: string

  constructor(scope: Construct, id: string) {
    super(scope, id)
    this.sourceDriver = this.parameter('SourceDriver', {
      default: 's3',
      allowedValues: ['s3', 'http'],
      description:
        'Where the batch workflow finds archives: s3 (a prefix of the raw bucket) or http (a site with a login)',
    })
    this.sourceUrl = this.parameter('SourceUrl', {
      default: '',
      allowedPattern: '^$|^https?://\\S+$',
      constraintDescription: 'must be empty or an http(s) address',
      description: 'The address of the download site; only the http driver reads it',
    })
    this.landingPrefix = this.parameter('LandingPrefix', {
      default: 'landing/',
      allowedPattern: '^[A-Za-z0-9._/-]+/$',
      constraintDescription: 'must be a key prefix that ends with a slash',
      description: 'The prefix of the raw bucket where archives are put; only the s3 driver reads it',
    })
    this.clusterRelease = this.parameter('ClusterRelease', {
      default: 'emr-7.14.0',
      allowedPattern: '^emr-7\\.\\d+\\.\\d+$',
      constraintDescription: 'must be a release such as emr-7.14.0',
      description: 'The EMR release of the batch cluster',
    })
    this.clusterPrimaryTypes = this.parameter('ClusterPrimaryTypes', {
      default: 'm7g.xlarge,m6g.xlarge',
      description: 'Instance types for the primary node, with commas; EC2 takes whichever it has',
    })
    this.clusterCoreTypes = this.parameter('ClusterCoreTypes', {
      default: 'm7g.xlarge,m6g.xlarge',
      description: 'Instance types of one size for core and task nodes, with commas',
    })
    this.clusterCoreUnits = this.parameter('ClusterCoreUnits', {
      type: 'Number',
      default: 2,
      minValue: 1,
      maxValue: 50,
      description: 'How many core nodes (On-Demand) a cluster has; they hold its HDFS',
    })
    this.clusterTaskUnits = this.parameter('ClusterTaskUnits', {
      type: 'Number',
      default: 0,
      minValue: 0,
      maxValue: 200,
      description: 'How many task nodes (Spot) a cluster has besides; they only compute',
    })
    this.clusterDisk = this.parameter('ClusterDisk', {
      type: 'Number',
      default: 0,
      minValue: 0,
      maxValue: 16_000,
      description: 'GiB of disk of each core and task node; 0 leaves it to EMR, which gives an xlarge 64',
    })
    this.trainingInstanceType = this.parameter('TrainingInstanceType', {
      default: 'ml.g4dn.xlarge',
      allowedPattern: '^ml\\.[a-z0-9]+\\.[a-z0-9]+$',
      constraintDescription: 'must be an instance type such as ml.g4dn.xlarge',
      description: 'The instance type that trains; Image Classification needs a GPU',
    })
    this.endpointInstanceType = this.parameter('EndpointInstanceType', {
      default: 'ml.c5.large',
      allowedPattern: '^ml\\.[a-z0-9]+\\.[a-z0-9]+$',
      constraintDescription: 'must be an instance type such as ml.c5.large',
      description: 'The instance type behind the endpoint',
    })
    this.endpointInstances = this.parameter('EndpointInstances', {
      type: 'Number',
      default: 1,
      minValue: 1,
      maxValue: 20,
      description: 'How many instances serve; from two on a new model serves one of them first (canary)',
    })
  }

  /** The parameter keeps its plain name in the template, so that people can type it. */
  private parameter(name: string, props: ConstructorParameters<typeof CfnParameter>[2]): string {
    const parameter = new CfnParameter(this, name, props)
    parameter.overrideLogicalId(name)
    return parameter.value.toString()
  }
}
