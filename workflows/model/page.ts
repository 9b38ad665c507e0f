/**
 * Where the classifier's page lies: a private bucket that only its CloudFront distribution reads. The same distribution carries
 * `POST /v1/classify` to the API, so page and API have one origin: nothing is configured, and no other page needs to be let in.
 * Costs nothing while nobody looks. `aws s3 sync` brings the files (web/classifier/README.md).
 */
import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import type { RestApi } from 'aws-cdk-lib/aws-apigateway'
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  HttpVersion,
  OriginRequestPolicy,
  PriceClass,
  ResponseHeadersPolicy,
  S3OriginAccessControl,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import { abortUploads, type Storage } from '../storage.ts'

/** Nothing but the page's own files runs in it and is asked; the picture that it shows is an object of the browser. */
export const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export interface ClassifierPageProps {
  storage: Storage
  api: RestApi
  /** The path of the API's method, its stage first: `/v1/classify`. */
  classifyPath: string
}

export class ClassifierPage extends Construct {
  /** `https://d111111abcdef8.cloudfront.net`: what a browser calls the page's origin. */
  readonly origin: string

  constructor(scope: Construct, id: string, { storage, api, classifyPath }: ClassifierPageProps) {
    super(scope, id)
    const { region, stackName, urlSuffix } = Stack.of(this)
    // What CloudFront names belongs to the account, not to a region: the stack of another one may be there already.
    const name = `${stackName}-classifier-${region}`
    const bucket = new Bucket(this, 'Files', {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      serverAccessLogsBucket: storage.logs,
      serverAccessLogsPrefix: 'access/page/',
      lifecycleRules: [abortUploads],
    })
    const headers = new ResponseHeadersPolicy(this, 'Headers', {
      responseHeadersPolicyName: name,
      comment: 'What a browser may do with the page of the classifier',
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy, override: true },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), override: true },
      },
    })
    const distribution = new Distribution(this, 'Distribution', {
      comment: 'The page of the classifier, and its API',
      defaultRootObject: 'index.html',
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass: PriceClass.PRICE_CLASS_100,
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(bucket, {
          originAccessControl: new S3OriginAccessControl(this, 'Access', { originAccessControlName: name }),
        }),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        responseHeadersPolicy: headers,
      },
      additionalBehaviors: {
        [classifyPath]: {
          origin: new HttpOrigin(`${api.restApiId}.execute-api.${region}.${urlSuffix}`),
          // A redirected POST would send its picture twice, the first time for everyone to read.
          viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
          allowedMethods: AllowedMethods.ALLOW_ALL,
          cachePolicy: CachePolicy.CACHING_DISABLED,
          originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
          responseHeadersPolicy: headers,
        },
      },
    })
    this.origin = `https://${distribution.distributionDomainName}`
    this.output('Url', `${this.origin}/`, 'The page of the classifier, once its files are there')
    this.output('BucketName', bucket.bucketName, 'The files of web/classifier belong here')
    this.output('DistributionId', distribution.distributionId, 'Forgets old files when it is told to')

    acknowledge(distribution, 'The page is for everyone, wherever they are.', ['AwsSolutions-CFR1'])
    acknowledge(
      distribution,
      'The API behind it is throttled; a firewall costs by the month and is for whoever makes the page known to the world.',
      ['AwsSolutions-CFR2'],
    )
    acknowledge(
      distribution,
      'S3 logs who reads the files and the function logs every picture; logs of the distribution would need a bucket with ACLs.',
      ['AwsSolutions-CFR3'],
    )
    acknowledge(
      distribution,
      "CloudFront's own name and certificate take old TLS too; a name of one's own comes with a certificate and TLS 1.2.",
      ['AwsSolutions-CFR4'],
    )
  }

  private output(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description }).overrideLogicalId(`ClassifierPage${name}`)
  }
}
