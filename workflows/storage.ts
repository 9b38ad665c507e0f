/** The four buckets of data. All of them survive the stack: data is deleted by people, not by a template. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { BlockPublicAccess, Bucket, BucketEncryption, type BucketProps, StorageClass } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'

export interface StorageProps {
  /** Where archives are put into the raw bucket. */
  landingPrefix: string
}

export class Storage extends Construct {
  /** Archives as they land, and the text files unpacked from them. */
  readonly raw: Bucket
  /** Parquet, the text export for MySQL, quarantined lines and counts. */
  readonly processed: Bucket
  /** One folder of reports an execution. */
  readonly reports: Bucket
  /** Logs of the clusters, of access to the other buckets, and of refused network traffic. */
  readonly logs: Bucket

  constructor(scope: Construct, id: string, props: StorageProps) {
    super(scope, id)
    this.logs = this.bucket('Logs', {
      lifecycleRules: [abortUploads, { id: 'ExpireLogs', expiration: Duration.days(90) }],
      // Logs may lie in it before the stack is whole, and a bucket that is not empty cannot be taken back.
      removalPolicy: RemovalPolicy.RETAIN,
    })
    acknowledge(this.logs, 'Logging access to the bucket of access logs would write a log line about every log line.', [
      'AwsSolutions-S1',
    ])
    this.raw = this.bucket('Raw', {
      ...this.accessLogs('raw'),
      lifecycleRules: [
        abortUploads,
        {
          // Read once, kept for a republished quarter to be compared with: instant retrieval at a fifth of the price.
          id: 'ArchiveLanding',
          prefix: props.landingPrefix,
          transitions: [{ storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(30) }],
        },
        ...['origination', 'performance'].map((table) => ({
          id: `Cool-${table}`,
          prefix: `${table}/`,
          transitions: [{ storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(30) }],
        })),
      ],
    })
    this.processed = this.bucket('Processed', {
      ...this.accessLogs('processed'),
      lifecycleRules: [abortUploads, { id: 'ExpireCounts', prefix: 'counts/', expiration: Duration.days(90) }],
    })
    this.reports = this.bucket('Reports', { ...this.accessLogs('reports'), lifecycleRules: [abortUploads] })
  }

  private bucket(id: string, props: BucketProps): Bucket {
    return new Bucket(this, id, {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      // What a deployment has made that then failed is empty, and goes with it.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      ...props,
    })
  }

  private accessLogs(name: string): BucketProps {
    return { serverAccessLogsBucket: this.logs, serverAccessLogsPrefix: `access/${name}/` }
  }
}

/** A multipart upload that was never completed costs as much as an object and is listed nowhere. */
export const abortUploads = { id: 'AbortUploads', abortIncompleteMultipartUploadAfter: Duration.days(1) }
