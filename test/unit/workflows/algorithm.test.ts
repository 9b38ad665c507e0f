import { App, Stack } from 'aws-cdk-lib'
import { describe, expect, it } from 'vitest'
import { imageClassification } from '../../../workflows/model/algorithm.ts'

const stackIn = (region?: string) => new Stack(new App(), 'Stack', { env: region ? { region } : {} })

describe('the registry of Image Classification', () => {
  it('is that of the region', () => {
    const { image, repositoryArn } = imageClassification(stackIn('eu-west-1'))
    expect(image).toMatch(/^685385470294\.dkr\.ecr\.eu-west-1\./)
    expect(repositoryArn).toMatch(/:ecr:eu-west-1:685385470294:repository\/image-classification$/)
  })

  it('is looked up by CloudFormation where the region is not known yet', () => {
    const stack = stackIn()
    expect(JSON.stringify(stack.resolve(imageClassification(stack).repositoryArn))).toContain('Fn::FindInMap')
  })

  it('is said to be missing where there is none, with the regions that have one', () => {
    expect(() => imageClassification(stackIn('mx-central-1'))).toThrow(
      /the region mx-central-1.* Deploy to one of .*us-east-1/,
    )
  })
})
