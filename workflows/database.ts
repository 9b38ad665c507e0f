/** RDS for MySQL, where applications look up loans: private, encrypted, TLS only, IAM authentication for the loader. */
import { CfnParameter, Duration, RemovalPolicy } from 'aws-cdk-lib'
import {
  InstanceClass,
  InstanceSize,
  InstanceType,
  type ISecurityGroup,
  type IVpc,
  Port,
  SecurityGroup,
  SubnetType,
} from 'aws-cdk-lib/aws-ec2'
import {
  CaCertificate,
  type CfnDBInstance,
  Credentials,
  DatabaseInstance,
  DatabaseInstanceEngine,
  MysqlEngineVersion,
  ParameterGroup,
  StorageType,
} from 'aws-cdk-lib/aws-rds'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'

export interface DatabaseProps {
  vpc: IVpc
  /** Who may connect. */
  clients: ISecurityGroup
}

export class Database extends Construct {
  readonly instance: DatabaseInstance
  /** The master user's name and password; only `PrepareMysql` reads it, to create the database and its loader. */
  readonly masterSecret: ISecret
  readonly name = 'loans'
  /** Authenticates with IAM: the account has no password. */
  readonly loader = 'loader'
  /** Where every Node.js runtime of Lambda keeps the certificate authorities of RDS. */
  readonly caFile = '/var/runtime/ca-cert.pem'

  constructor(scope: Construct, id: string, props: DatabaseProps) {
    super(scope, id)
    const engine = DatabaseInstanceEngine.mysql({ version: MysqlEngineVersion.VER_8_4_10 })
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: 'MySQL: the functions that load it connect, it calls nobody',
      allowAllOutbound: false,
    })
    securityGroup.addIngressRule(props.clients, Port.tcp(3306), 'MySQL from functions')

    this.instance = new DatabaseInstance(this, 'Instance', {
      engine,
      instanceType: InstanceType.of(InstanceClass.T4G, InstanceSize.MICRO),
      vpc: props.vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [securityGroup],
      publiclyAccessible: false,
      databaseName: this.name,
      credentials: Credentials.fromGeneratedSecret('admin'),
      iamAuthentication: true,
      caCertificate: CaCertificate.RDS_CA_RSA2048_G1,
      parameterGroup: new ParameterGroup(this, 'Parameters', {
        engine,
        description: 'Loads by LOAD DATA LOCAL INFILE over TLS',
        parameters: {
          local_infile: '1',
          require_secure_transport: '1',
        },
      }),
      storageType: StorageType.GP3,
      allocatedStorage: 20,
      maxAllocatedStorage: 200,
      storageEncrypted: true,
      backupRetention: Duration.days(7),
      copyTagsToSnapshot: true,
      autoMinorVersionUpgrade: true,
      deletionProtection: true,
      // Its subnets go with the stack, so it cannot stay: a last snapshot does.
      removalPolicy: RemovalPolicy.SNAPSHOT,
    })
    const instanceClass = new CfnParameter(this, 'Class', {
      default: 'db.t4g.micro',
      allowedPattern: '^db\\.[a-z0-9]+\\.[a-z0-9]+$',
      constraintDescription: 'must be an instance class such as db.t4g.micro',
      description: 'The instance class of MySQL; some regions have no db.t4g.micro, but a db.t3.micro',
    })
    instanceClass.overrideLogicalId('DatabaseInstanceClass')
    const storage = new CfnParameter(this, 'Storage', {
      type: 'Number',
      default: 20,
      minValue: 20,
      // RDS wants the limit up to which it grows by itself to be a tenth above.
      maxValue: 180,
      description: 'GiB of disk of MySQL; it grows by itself, but no more than once in six hours',
    })
    storage.overrideLogicalId('DatabaseStorage')
    const child = this.instance.node.defaultChild as CfnDBInstance
    child.dbInstanceClass = instanceClass.valueAsString
    child.allocatedStorage = storage.valueAsString
    if (!this.instance.secret) throw new Error('The database instance has no generated secret for its master user.')
    this.masterSecret = this.instance.secret
    acknowledge(
      this,
      'Rebuilt from S3 by one run of the batch workflow, so a standby in a second zone is not worth its price.',
      ['AwsSolutions-RDS3'],
    )
    acknowledge(this, 'The port is not a secret: only the functions of this stack can reach it.', [
      'AwsSolutions-RDS11',
    ])
    acknowledge(
      this,
      'Rotation would take a Lambda of a SAR application. The loader has no password, and the master secret is read by one function.',
      ['AwsSolutions-SMG4'],
    )
  }
}
