/** Operations on buckets, and the lists of keys. */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { createListing } from './listing.ts'
import type { Store, StoredObject } from './store.ts'

export function bucketOperations(store: Store): Record<string, Operation> {
  const { cloud } = store
  const list = createListing(store)

  return {
    ListBuckets({ Prefix = '', ContinuationToken, MaxBuckets = 10_000 }) {
      const all = store.buckets.entries(Prefix).filter(([name]) => name > fromToken(ContinuationToken))
      const page = all.slice(0, MaxBuckets)
      return {
        Buckets: page.map(([Name, { created }]) => ({
          Name,
          CreationDate: new Date(created),
          BucketRegion: cloud.region,
        })),
        Owner: owner(cloud.account),
        ...(Prefix && { Prefix }),
        ...(all.length > page.length && { ContinuationToken: toToken(page.at(-1)![0]) }),
      }
    },

    CreateBucket({ Bucket }) {
      // us-east-1 answers 200 to the owner of the bucket.
      store.createBucket(Bucket)
      return { Location: `/${Bucket}` }
    },

    HeadBucket({ Bucket }) {
      if (!store.buckets.get(Bucket)) throw new AwsError('NotFound', 'Not Found', {}, 404)
      return { BucketRegion: cloud.region, BucketArn: `arn:aws:s3:::${Bucket}`, AccessPointAlias: false }
    },

    DeleteBucket({ Bucket }) {
      store.bucket(Bucket)
      const { objects } = list({ bucket: Bucket, prefix: '', after: '', limit: 1 })
      if (objects.length > 0)
        throw new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty', { BucketName: Bucket }, 409)
      store.deleteBucket(Bucket)
      return {}
    },

    GetBucketLocation({ Bucket }) {
      store.bucket(Bucket)
      return cloud.region === 'us-east-1' ? {} : { LocationConstraint: cloud.region }
    },

    GetBucketVersioning({ Bucket }) {
      store.bucket(Bucket)
      return {}
    },

    GetBucketPolicy({ Bucket }) {
      const { policy } = store.bucket(Bucket)
      if (!policy)
        throw new AwsError('NoSuchBucketPolicy', 'The bucket policy does not exist', { BucketName: Bucket }, 404)
      return { Policy: JSON.stringify(policy) }
    },

    GetBucketTagging({ Bucket }) {
      const { tags } = store.bucket(Bucket)
      if (!tags || Object.keys(tags).length === 0)
        throw new AwsError('NoSuchTagSet', 'The TagSet does not exist', { BucketName: Bucket }, 404)
      return { TagSet: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }
    },

    ListObjectsV2(input) {
      const { Bucket, Prefix = '', Delimiter, StartAfter, ContinuationToken, FetchOwner } = input
      const limit = checkMaxKeys(input.MaxKeys)
      store.bucket(Bucket)
      const after = ContinuationToken === undefined ? (StartAfter ?? '') : fromToken(ContinuationToken)
      const { objects, commonPrefixes, next } = list({
        bucket: Bucket,
        prefix: Prefix,
        delimiter: Delimiter,
        after,
        limit,
      })
      const encoded = encoder(input.EncodingType)
      return {
        Name: Bucket,
        Prefix: encoded(Prefix),
        ...(Delimiter && { Delimiter: encoded(Delimiter) }),
        ...(StartAfter !== undefined && { StartAfter: encoded(StartAfter) }),
        ...(ContinuationToken !== undefined && { ContinuationToken }),
        ...(next !== undefined && { NextContinuationToken: toToken(next) }),
        EncodingType: input.EncodingType,
        MaxKeys: limit,
        KeyCount: objects.length + commonPrefixes.length,
        IsTruncated: next !== undefined,
        Contents: objects.map((object) => ({
          ...listed(object, encoded),
          ...(FetchOwner && { Owner: owner(cloud.account) }),
        })),
        CommonPrefixes: commonPrefixes.map((prefix) => ({ Prefix: encoded(prefix) })),
      }
    },

    ListObjects(input) {
      const { Bucket, Prefix = '', Delimiter, Marker = '' } = input
      const limit = checkMaxKeys(input.MaxKeys)
      store.bucket(Bucket)
      const { objects, commonPrefixes, next } = list({
        bucket: Bucket,
        prefix: Prefix,
        delimiter: Delimiter,
        after: Marker,
        limit,
      })
      const encoded = encoder(input.EncodingType)
      return {
        Name: Bucket,
        Prefix: encoded(Prefix),
        Marker: encoded(Marker),
        ...(Delimiter && { Delimiter: encoded(Delimiter) }),
        ...(next !== undefined && Delimiter && { NextMarker: encoded(next) }),
        EncodingType: input.EncodingType,
        MaxKeys: limit,
        IsTruncated: next !== undefined,
        Contents: objects.map((object) => ({ ...listed(object, encoded), Owner: owner(cloud.account) })),
        CommonPrefixes: commonPrefixes.map((prefix) => ({ Prefix: encoded(prefix) })),
      }
    },
  }
}

const listed = (object: StoredObject, encoded: (key: string) => string) => ({
  Key: encoded(object.key),
  LastModified: object.modified,
  ETag: `"${object.etag}"`,
  Size: object.size,
  StorageClass: 'STANDARD',
  ...(object.checksums && {
    ChecksumAlgorithm: Object.keys(object.checksums).map((name) => name.slice('Checksum'.length)),
  }),
})

/** @throws AwsError InvalidArgument */
function checkMaxKeys(maxKeys = 1000): number {
  if (maxKeys < 0)
    throw new AwsError(
      'InvalidArgument',
      'Argument maxKeys must be an integer between 0 and 2147483647',
      { ArgumentName: 'maxKeys', ArgumentValue: String(maxKeys) },
      400,
    )
  return Math.min(maxKeys, 1000)
}

/** `EncodingType=url` is how keys with characters that XML cannot carry come through. */
const encoder = (type: string | undefined) => (text: string) =>
  type === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text

const owner = (account: string) => ({ ID: account.padStart(64, '0'), DisplayName: 'local' })
const toToken = (key: string) => Buffer.from(key).toString('base64url')
function fromToken(token: string | undefined): string {
  if (token === undefined) return ''
  const key = Buffer.from(token, 'base64url').toString()
  if (toToken(key) !== token || token === '')
    throw new AwsError(
      'InvalidArgument',
      'The continuation token provided is incorrect',
      { ArgumentName: 'continuation-token' },
      400,
    )
  return key
}
