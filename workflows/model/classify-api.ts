/** `POST /classify` for the web page and anybody else: a picture in, its class out. Open, but slow for whoever asks too often. */
import { CfnOutput, Stack } from 'aws-cdk-lib'
import {
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  MockIntegration,
  PassthroughBehavior,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import { allow } from '../allow.ts'
import type { Bundles } from '../bundle.ts'
import type { Storage } from '../storage.ts'
import { TaskFunction } from '../task-function.ts'
import { ClassifierPage } from './page.ts'

const STAGE = 'v1'

export interface ClassifyApiProps {
  bundles: Bundles
  storage: Storage
  endpointName: string
  endpointArn: string
}

export class ClassifyApi extends Construct {
  readonly api: RestApi
  readonly function: TaskFunction
  readonly url: string

  constructor(scope: Construct, id: string, props: ClassifyApiProps) {
    super(scope, id)
    const { bundles, storage, endpointName, endpointArn } = props
    this.api = new RestApi(this, 'Api', {
      // Metrics go by the name of an API, so no other may have it.
      restApiName: `${Stack.of(this).stackName}-Classifier`,
      description: 'Tells what a picture shows',
      endpointConfiguration: { types: [EndpointType.REGIONAL] },
      cloudWatchRole: false,
      // Metrics by method would each cost as a custom one; those of the API are there without.
      deployOptions: { stageName: STAGE, throttlingRateLimit: 20, throttlingBurstLimit: 40 },
    })
    const page = new ClassifierPage(this, 'Page', {
      storage,
      api: this.api,
      classifyPath: `/${STAGE}/classify`,
    })
    this.function = new TaskFunction(this, 'Classify', {
      task: 'serving/classify',
      bundles,
      environment: {
        ENDPOINT_NAME: endpointName,
        PROCESSED_BUCKET: storage.processed.bucketName,
        ALLOWED_ORIGIN: page.origin,
      },
      timeout: 28,
      memory: 512,
    })
    allow(this.function.role, ['sagemaker:InvokeEndpoint'], [endpointArn])
    allow(this.function.role, ['s3:GetObject'], [storage.processed.arnForObjects('models/*/card.json')], {
      because: 'Models are named after their execution.',
    })
    // Its own output would repeat ours.
    this.api.node.tryRemoveChild('Endpoint')
    const classify = this.api.root.addResource('classify')
    classify.addMethod('POST', new LambdaIntegration(this.function.function), {
      authorizationType: AuthorizationType.NONE,
    })
    const headers = {
      'Access-Control-Allow-Origin': `'${page.origin}'`,
      'Access-Control-Allow-Methods': "'POST,OPTIONS'",
      'Access-Control-Allow-Headers': "'Content-Type'",
      'Access-Control-Max-Age': "'3600'",
    }
    const ofResponse = <T>(value: (header: string) => T) =>
      Object.fromEntries(Object.keys(headers).map((header) => [`method.response.header.${header}`, value(header)]))
    classify.addMethod(
      'OPTIONS',
      new MockIntegration({
        passthroughBehavior: PassthroughBehavior.NEVER,
        requestTemplates: { 'application/json': '{"statusCode": 204}' },
        integrationResponses: [
          { statusCode: '204', responseParameters: ofResponse((header) => headers[header as keyof typeof headers]) },
        ],
      }),
      {
        authorizationType: AuthorizationType.NONE,
        methodResponses: [{ statusCode: '204', responseParameters: ofResponse(() => true) }],
      },
    )
    this.url = this.api.urlForPath('/classify')
    new CfnOutput(this, 'Url', { value: this.url, description: 'POST {"image": "<base64>"} here' }).overrideLogicalId(
      'ClassifyApiUrl',
    )

    acknowledge(
      this.api,
      'Access logs need a role that belongs to the account, not to a stack; the function logs every request.',
      ['AwsSolutions-APIG1', 'AwsSolutions-APIG6'],
    )
    acknowledge(
      this.api,
      'The function checks the body itself, so that every refusal says in a sentence what is wrong.',
      ['AwsSolutions-APIG2'],
    )
    acknowledge(
      this.api,
      'Calls are throttled and cost a fraction of a cent; a firewall is for whoever makes the page known to the world.',
      ['AwsSolutions-APIG3'],
    )
    acknowledge(this.api, 'The page is open to everyone who knows its address, as the web app that it stands in for.', [
      'AwsSolutions-APIG4',
      'AwsSolutions-COG4',
    ])
  }
}
