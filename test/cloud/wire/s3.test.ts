import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { Upload } from '@aws-sdk/lib-storage'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIam } from '../../../local/services/iam/index.ts'
import { createS3 } from '../../../local/services/s3/index.ts'
import { createSts } from '../../../local/services/sts/index.ts'
import { startWire, type Wire } from '../../support/wire.ts'

let wire: Wire
let s3: S3Client
const Bucket = 'raw-data'

beforeAll(async () => {
  const Statement = [
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:ListBucket'],
      Resource: ['arn:aws:s3:::raw-data', 'arn:aws:s3:::raw-data/*'],
    },
  ]
  wire = await startWire(
    {
      Raw: { Type: 'AWS::S3::Bucket', Properties: { BucketName: Bucket } },
      Reader: {
        Type: 'AWS::IAM::Role',
        Properties: {
          RoleName: 'Reader',
          AssumeRolePolicyDocument: {
            Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
          },
          Policies: [{ PolicyName: 'read', PolicyDocument: { Statement } }],
        },
      },
    },
    [createIam, createSts, createS3],
  )
  s3 = new S3Client(wire.options)
})
afterAll(async () => {
  s3.destroy()
  await wire.close()
})

const text = async (Key: string, more: object = {}) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body!.transformToString()

describe('S3 over the wire', () => {
  it('puts and gets an object with its headers, metadata, tags and checksum', async () => {
    const put = await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'a b/ü&?#.txt',
        Body: 'hello',
        ContentType: 'text/plain',
        Metadata: { owner: 'me' },
        Tagging: 'kind=test',
      }),
    )
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'a b/ü&?#.txt', ChecksumMode: 'ENABLED' }))

    expect(put).toMatchObject({ ETag: '"5d41402abc4b2a76b9719d911017c592"', ChecksumCRC32: 'NhCmhg==' })
    expect(got).toMatchObject({
      ContentType: 'text/plain',
      Metadata: { owner: 'me' },
      ContentLength: 5,
      ChecksumCRC32: 'NhCmhg==',
    })
    expect(await got.Body!.transformToString()).toBe('hello')
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'a b/ü&?#.txt' }))
    expect(TagSet).toEqual([{ Key: 'kind', Value: 'test' }])
  })

  it('uploads a stream in parts and gives it back in ranges', async () => {
    const data = randomBytes(12 * 1024 * 1024 + 5)
    const upload = new Upload({
      client: s3,
      params: { Bucket, Key: 'big', Body: Readable.from([data]) },
      partSize: 5 * 1024 * 1024,
    })

    const done = await upload.done()
    const whole = await (await s3.send(new GetObjectCommand({ Bucket, Key: 'big' }))).Body!.transformToByteArray()
    const part = await s3.send(new GetObjectCommand({ Bucket, Key: 'big', Range: 'bytes=5242878-5242883' }))

    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-3"$/)
    expect(createHash('md5').update(whole).digest('hex')).toBe(createHash('md5').update(data).digest('hex'))
    expect(part).toMatchObject({ ContentLength: 6, ContentRange: `bytes 5242878-5242883/${data.length}` })
    expect(Buffer.from(await part.Body!.transformToByteArray())).toEqual(data.subarray(5242878, 5242884))
    expect(part.$metadata.httpStatusCode).toBe(206)
  })

  it('lists parts of an upload that is under way', async () => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'slow' }))
    await s3.send(new UploadPartCommand({ Bucket, Key: 'slow', UploadId, PartNumber: 2, Body: 'part' }))

    const { Parts } = await s3.send(new ListPartsCommand({ Bucket, Key: 'slow', UploadId }))

    expect(Parts).toMatchObject([{ PartNumber: 2, Size: 4 }])
  })

  it('lists buckets and keys, page by page', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'lists' }))
    for (const Key of ['x/1', 'x/2', 'y & <z>', 'ü'])
      await s3.send(new PutObjectCommand({ Bucket: 'lists', Key, Body: '' }))

    const keys: string[] = []
    for await (const page of paginateListObjectsV2({ client: s3, pageSize: 1 }, { Bucket: 'lists' }))
      keys.push(...(page.Contents ?? []).map((one) => one.Key!))
    const folded = await s3.send(new ListObjectsV2Command({ Bucket: 'lists', Delimiter: '/' }))
    const { Buckets } = await s3.send(new ListBucketsCommand({}))

    expect(keys).toEqual(['x/1', 'x/2', 'y & <z>', 'ü'])
    expect(folded.CommonPrefixes).toEqual([{ Prefix: 'x/' }])
    expect(folded.Contents![0]).toMatchObject({ Key: 'y & <z>', Size: 0 })
    expect(folded.Contents![0]!.LastModified).toBeInstanceOf(Date)
    expect(Buckets!.map((one) => one.Name)).toEqual(expect.arrayContaining(['lists', Bucket]))
    expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeFalsy()
  })

  it('copies, tags and deletes', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'from', Body: 'copied' }))
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'to/here', CopySource: `${Bucket}/from` }))
    await s3.send(
      new PutObjectTaggingCommand({ Bucket, Key: 'to/here', Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }),
    )
    expect(await text('to/here')).toBe('copied')

    const Delete = { Objects: [{ Key: 'from' }, { Key: 'to/here' }, { Key: 'never' }] }
    const { Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete }))

    expect(Deleted!.map((one) => one.Key)).toEqual(['from', 'to/here', 'never'])
    await expect(text('from')).rejects.toMatchObject({ name: 'NoSuchKey' })
  })

  it('answers errors and conditions as the SDK knows them', async () => {
    const failure = (promise: Promise<unknown>) =>
      promise.then(
        () => undefined,
        (error: any) => [error.name, error.$metadata.httpStatusCode],
      )
    await s3.send(new PutObjectCommand({ Bucket, Key: 'once', Body: '1' }))
    const { ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'once' }))

    expect(await failure(text('none'))).toEqual(['NoSuchKey', 404])
    expect(await failure(s3.send(new HeadObjectCommand({ Bucket, Key: 'none' })))).toEqual(['NotFound', 404])
    expect(await failure(s3.send(new HeadBucketCommand({ Bucket: 'nowhere' })))).toEqual(['NotFound', 404])
    expect(await failure(s3.send(new ListObjectsV2Command({ Bucket: 'nowhere' })))).toEqual(['NoSuchBucket', 404])
    expect(await failure(s3.send(new PutObjectCommand({ Bucket, Key: 'once', Body: '2', IfNoneMatch: '*' })))).toEqual([
      'PreconditionFailed',
      412,
    ])
    expect((await failure(text('once', { IfNoneMatch: ETag })))![1]).toBe(304)
    expect(await failure(text('once', { Range: 'bytes=9-' }))).toEqual(['InvalidRange', 416])
  })

  it('lets no path leave the bucket', async () => {
    const get = async (path: string) => {
      const { request } = await import('node:http')
      return new Promise<number>((resolve) => {
        const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, x' }
        request(`${wire.cloud.url}/`, { path, headers }, (response) => resolve(response.resume().statusCode!)).end()
      })
    }

    for (const path of [
      '/raw-data/../../cloud.sqlite',
      '/raw-data/%2e%2e/%2e%2e/cloud.sqlite',
      '/raw-data/..%2f..%2fcloud.sqlite',
      '/../s3/raw-data',
      '/%2e%2e/cloud.sqlite',
    ])
      expect(await get(path), path).toBeGreaterThanOrEqual(400)
  })

  it('lets a role do what its policies allow, and no more', async () => {
    const sts = new STSClient(wire.options)
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::000000000000:role/Reader', RoleSessionName: 'me' }),
    )
    const reader = new S3Client({
      ...wire.options,
      credentials: {
        accessKeyId: Credentials!.AccessKeyId!,
        secretAccessKey: Credentials!.SecretAccessKey!,
        sessionToken: Credentials!.SessionToken!,
      },
    })

    await reader.send(new ListObjectsV2Command({ Bucket }))
    const denied = await reader.send(new PutObjectCommand({ Bucket, Key: 'k', Body: '' })).catch((error) => error)
    const some = await reader.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'k' }] } }))

    expect(denied).toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } })
    expect(denied.message).toContain(
      'assumed-role/Reader/me is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::raw-data/k"',
    )
    expect(some.Errors).toMatchObject([{ Key: 'k', Code: 'AccessDenied' }])
    reader.destroy()
    sts.destroy()
  })
})
