/**
 * The three availability zones of the network. The first three of the region do unless somebody names others: what lies in the subnets
 * (Lambda, Redshift Serverless, EMR's instance types) is not offered in every zone, and zone letters mean another place in each account.
 */
import { CfnCondition, CfnParameter, Fn } from 'aws-cdk-lib'
import { Construct } from 'constructs'

const COUNT = 3

export class Zones extends Construct {
  /** Names that CloudFormation fills in: a look-up would need an account, and its absence gives only two. */
  readonly names: string[]

  constructor(scope: Construct, id: string) {
    super(scope, id)
    this.names = Array.from({ length: COUNT }, (_, index) => {
      const name = `Zone${index + 1}`
      const given = new CfnParameter(this, name, {
        default: '',
        allowedPattern: '^$|^[a-z]{2}(-[a-z]+)+-\\d[a-z]$',
        constraintDescription: 'must be empty or an availability zone such as us-east-1a',
        description: `The availability zone of the subnets number ${index + 1}; the region's own order where it is empty`,
      })
      given.overrideLogicalId(name)
      const isGiven = new CfnCondition(this, `${name}Given`, {
        expression: Fn.conditionNot(Fn.conditionEquals(given.valueAsString, '')),
      })
      return Fn.conditionIf(isGiven.logicalId, given.valueAsString, Fn.select(index, Fn.getAzs())).toString()
    })
  }
}
