/** Buckets and bucket policies of the template. */
import { z } from 'zod'
import { AwsError } from '../../gateway/aws-error.ts'
import type { ResourceType } from '../../gateway/service.ts'
import type { Store } from './store.ts'

const bucketProperties = z.object({
  BucketName: z.string().optional(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).optional(),
})

const policyProperties = z.object({
  Bucket: z.string(),
  PolicyDocument: z.looseObject({ Statement: z.union([z.looseObject({}), z.array(z.looseObject({}))]) }),
})

export function bucketResources(store: Store): Record<string, ResourceType> {
  return {
    'AWS::S3::Bucket': {
      apply({ properties, physicalName }) {
        const { BucketName, Tags = [] } = bucketProperties.parse(properties)
        const name = BucketName ?? physicalName({ max: 63, lower: true })
        const bucket = store.createBucket(name)
        const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]))
        if (JSON.stringify(bucket.tags ?? {}) !== JSON.stringify(tags)) store.buckets.put(name, { ...bucket, tags })
        const { region } = store.cloud
        return {
          ref: name,
          attributes: {
            Arn: `arn:aws:s3:::${name}`,
            DomainName: `${name}.s3.amazonaws.com`,
            RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
            DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
            WebsiteURL: `http://${name}.s3-website-${region}.amazonaws.com`,
          },
        }
      },
      async remove({ ref }) {
        // As CloudFormation does: a bucket with objects stays.
        try {
          await store.cloud.call(store.cloud.admin, 's3', 'DeleteBucket', { Bucket: ref })
        } catch (error) {
          if (!(error instanceof AwsError) || !['BucketNotEmpty', 'NoSuchBucket'].includes(error.name)) throw error
          if (error.name === 'BucketNotEmpty')
            store.cloud.log('warn', `The bucket ${ref} left the template but holds objects, so it stays.`)
        }
      },
    },

    'AWS::S3::BucketPolicy': {
      apply({ properties }) {
        const { Bucket, PolicyDocument } = policyProperties.parse(properties)
        store.buckets.put(Bucket, { ...store.bucket(Bucket), policy: PolicyDocument as never })
        return { ref: Bucket }
      },
      remove({ ref }) {
        const bucket = store.buckets.get(ref)
        if (!bucket) return
        const { policy: _policy, ...rest } = bucket
        store.buckets.put(ref, rest)
      },
    },
  }
}
