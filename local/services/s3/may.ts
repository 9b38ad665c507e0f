/** The permissions of S3's operations (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html). */
import type { Permission } from '../../gateway/service.ts'
import { copySource } from './objects.ts'
import type { Store } from './store.ts'

/** Where the action is not called like the operation. */
const actions: Record<string, string> = {
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  HeadBucket: 'ListBucket',
  ListBuckets: 'ListAllMyBuckets',
  HeadObject: 'GetObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  UploadPartCopy: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  CopyObject: 'PutObject',
  ListParts: 'ListMultipartUploadParts',
  ListMultipartUploads: 'ListBucketMultipartUploads',
}

export function createMay(store: Store) {
  const on = (
    bucket: string,
    key: string | undefined,
    action: string,
    context?: Permission['context'],
  ): Permission => ({
    action: `s3:${action}`,
    resource: bucket === '' ? '*' : `arn:aws:s3:::${bucket}${key === undefined ? '' : `/${key}`}`,
    ...(context && { context }),
    ...(store.buckets.get(bucket)?.policy && { policy: store.buckets.get(bucket)!.policy }),
  })

  return function may(operation: string, input: any): Permission[] {
    const { Bucket = '', Key } = input
    const action = actions[operation] ?? operation
    if (operation === 'DeleteObjects') return [] // each key is authorized by itself, and answered by itself
    if (operation === 'ListObjects' || operation === 'ListObjectsV2')
      return [
        on(Bucket, undefined, action, {
          's3:prefix': input.Prefix ?? '',
          's3:delimiter': input.Delimiter,
          's3:max-keys': input.MaxKeys?.toString(),
        }),
      ]
    const permissions = [on(Bucket, Key, action)]
    if (operation === 'CopyObject' || operation === 'UploadPartCopy') {
      const source = copySource(input.CopySource)
      permissions.push(on(source.bucket, source.key, 'GetObject'))
    }
    if (input.Tagging !== undefined && operation !== 'PutObjectTagging')
      permissions.push(on(Bucket, Key, 'PutObjectTagging'))
    return permissions
  }
}
