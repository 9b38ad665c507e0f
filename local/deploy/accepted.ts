/**
 * Resource types that AWS needs and one machine does not: they are accepted and named at start, and their attributes are
 * made up from their names so that other resources can point at them. Every other type without a room fails the boot.
 */
import { createHash } from 'node:crypto'
import type { Cloud } from '../cloud.ts'
import type { Resource, ResourceRequest, ResourceType } from '../gateway/service.ts'

/** EC2-style id prefixes, so that an id says what it is. */
const accepted: Record<string, string | undefined> = {
  'AWS::CDK::Metadata': undefined,
  'AWS::CloudFront::Distribution': undefined,
  'AWS::CloudFront::OriginAccessControl': undefined,
  'AWS::CloudFront::ResponseHeadersPolicy': undefined,
  'AWS::EC2::VPC': 'vpc',
  'AWS::EC2::Subnet': 'subnet',
  'AWS::EC2::RouteTable': 'rtb',
  'AWS::EC2::Route': 'r',
  'AWS::EC2::SubnetRouteTableAssociation': 'rtbassoc',
  'AWS::EC2::InternetGateway': 'igw',
  'AWS::EC2::VPCGatewayAttachment': 'attach',
  'AWS::EC2::VPCEndpoint': 'vpce',
  'AWS::EC2::SecurityGroup': 'sg',
  'AWS::EC2::SecurityGroupIngress': 'sgr',
  'AWS::EC2::SecurityGroupEgress': 'sgr',
  'AWS::EC2::FlowLog': 'fl',
  'AWS::KMS::Key': undefined,
  'AWS::KMS::Alias': undefined,
  'AWS::SQS::Queue': undefined,
  'AWS::SQS::QueuePolicy': undefined,
}

const ID_DIGITS = 17

export function acceptedType(cloud: Cloud, type: string): ResourceType | undefined {
  if (!(type in accepted)) return undefined
  return { apply: (request) => placeholder(cloud, request, accepted[type]), remove: () => {} }
}

function placeholder(
  cloud: Cloud,
  { stack, logicalId, type, properties, physicalName }: ResourceRequest,
  prefix: string | undefined,
): Resource {
  const digest = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex')
  const [, service, kind] = type.split('::') as [string, string, string]
  if (prefix) {
    const id = `${prefix}-${digest.slice(0, ID_DIGITS)}`
    const attributes: Record<string, string> = {
      Id: id,
      GroupId: id,
      VpcId: typeof properties.VpcId === 'string' ? properties.VpcId : id,
      DefaultSecurityGroup: `sg-${digest.slice(0, ID_DIGITS)}`,
    }
    if (typeof properties.CidrBlock === 'string') attributes.CidrBlock = properties.CidrBlock
    return { ref: id, attributes }
  }
  if (service === 'CloudFront') {
    const id = `E${digest.slice(0, 13).toUpperCase()}`
    return { ref: id, attributes: { Id: id, DomainName: `d${digest.slice(0, 13)}.cloudfront.net` } }
  }
  if (type === 'AWS::KMS::Key') {
    const id = digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    return { ref: id, attributes: { Arn: cloud.arn('kms', `key/${id}`), KeyId: id } }
  }
  const name = properties.QueueName ?? physicalName({ max: 80 })
  const arn = cloud.arn(service.toLowerCase(), type === 'AWS::SQS::Queue' ? name : `${kind.toLowerCase()}/${name}`)
  const url = `${cloud.url}/${cloud.account}/${name}`
  return { ref: type === 'AWS::SQS::Queue' ? url : name, attributes: { Arn: arn, QueueName: name, QueueUrl: url } }
}
