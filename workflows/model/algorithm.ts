/**
 * Where SageMaker's built-in Image Classification lies: a registry of AWS's own in each region
 * (https://github.com/aws/sagemaker-python-sdk, image_uri_config/image-classification.json).
 */
import { Aws, CfnMapping, Stack, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

const ACCOUNTS: Record<string, string> = {
  'af-south-1': '455444449433',
  'ap-east-1': '286214385809',
  'ap-northeast-1': '501404015308',
  'ap-northeast-2': '306986355934',
  'ap-northeast-3': '867004704886',
  'ap-south-1': '991648021394',
  'ap-south-2': '628508329040',
  'ap-southeast-1': '475088953585',
  'ap-southeast-2': '544295431143',
  'ap-southeast-3': '951798379941',
  'ap-southeast-4': '106583098589',
  'ca-central-1': '469771592824',
  'ca-west-1': '190319476487',
  'eu-central-1': '813361260812',
  'eu-central-2': '680994064768',
  'eu-north-1': '669576153137',
  'eu-south-1': '257386234256',
  'eu-south-2': '104374241257',
  'eu-west-1': '685385470294',
  'eu-west-2': '644912444149',
  'eu-west-3': '749696950732',
  'il-central-1': '898809789911',
  'me-central-1': '272398656194',
  'me-south-1': '249704162688',
  'sa-east-1': '855470959533',
  'us-east-1': '811284229777',
  'us-east-2': '825641698319',
  'us-west-1': '632365934929',
  'us-west-2': '433757028032',
}

const REPOSITORY = 'image-classification'

export interface Algorithm {
  image: string
  repositoryArn: string
}

/** @throws Error when the stack's region is known and has no registry */
export function imageClassification(scope: Construct): Algorithm {
  const mapping = new CfnMapping(scope, 'Registries', {
    mapping: Object.fromEntries(Object.entries(ACCOUNTS).map(([region, account]) => [region, { account }])),
    lazy: true,
  })
  const { region, partition } = Stack.of(scope)
  if (!Token.isUnresolved(region) && !ACCOUNTS[region]) {
    throw new Error(
      `SageMaker's Image Classification is not known to be in the region ${region}, and the model workflow trains with it. Deploy to one of ${Object.keys(ACCOUNTS).join(', ')}.`,
    )
  }
  const account = mapping.findInMap(region, 'account')
  return {
    image: `${account}.dkr.ecr.${region}.${Aws.URL_SUFFIX}/${REPOSITORY}:1`,
    repositoryArn: `arn:${partition}:ecr:${region}:${account}:repository/${REPOSITORY}`,
  }
}
