import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createS3 } from '../../../local/services/s3/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
const s3 = (operation: string, input: object = {}) =>
  cloud.as('s3', operation, { Bucket: 'parts', Key: 'big', ...input })
const megabyte = 1024 * 1024
const md5 = (data: Buffer) => createHash('md5').update(data).digest()
const crc = (data: Buffer) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(data))
  return bytes.toString('base64')
}

beforeEach(async () => {
  cloud = testCloud()
  cloud.add(createS3(cloud))
  await cloud.as('s3', 'CreateBucket', { Bucket: 'parts' })
})
afterEach(() => cloud.dispose())

describe('a multipart upload', () => {
  it('puts its parts together by number, with the ETag and the composite checksum of parts', async () => {
    // Prepare
    const first = randomBytes(5 * megabyte)
    const second = randomBytes(1000)
    const body = (data: Buffer) =>
      Object.assign(Readable.from([data]), { checksums: { 'x-amz-checksum-crc32': crc(data) } })

    // Act
    const { UploadId } = await s3('CreateMultipartUpload', {
      ContentType: 'application/zip',
      ChecksumAlgorithm: 'CRC32',
    })
    const b = await s3('UploadPart', { UploadId, PartNumber: 7, Body: body(second) })
    const a = await s3('UploadPart', { UploadId, PartNumber: 1, Body: body(first) })
    const listed = await s3('ListParts', { UploadId })
    const open = await s3('ListMultipartUploads')
    const Parts = [
      { PartNumber: 1, ...a },
      { PartNumber: 7, ...b },
    ]
    const done = await s3('CompleteMultipartUpload', { UploadId, MultipartUpload: { Parts } })

    // Assess
    const whole = Buffer.concat([first, second])
    const etag = `"${md5(Buffer.concat([md5(first), md5(second)])).toString('hex')}-2"`
    const sums = Buffer.concat([first, second].map((data) => Buffer.from(crc(data), 'base64')))
    expect(listed.Parts.map((part: any) => [part.PartNumber, part.Size])).toEqual([
      [1, 5 * megabyte],
      [7, 1000],
    ])
    expect(open.Uploads).toMatchObject([{ UploadId, Key: 'big' }])
    expect(done).toMatchObject({ ETag: etag, ChecksumCRC32: `${crc(sums)}-2`, ChecksumType: 'COMPOSITE' })
    const got = await s3('GetObject', { PartNumber: 2 })
    expect(got).toMatchObject({ ETag: etag, ContentType: 'application/zip', PartsCount: 2, ContentLength: 1000 })
    expect((await buffer(got.Body)).equals(second)).toBe(true)
    expect((await buffer((await s3('GetObject')).Body)).equals(whole)).toBe(true)
    expect((await s3('ListMultipartUploads')).Uploads).toEqual([])
    expect(readdirSync(cloud.folder('s3-uploads'))).toEqual([])
  })

  it('gives the checksum of the full object where that was asked for', async () => {
    const data = Buffer.from('one part only')
    const { UploadId } = await s3('CreateMultipartUpload', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' })
    const { ETag } = await s3('UploadPart', { UploadId, PartNumber: 1, Body: data })
    const complete = (ChecksumCRC32: string) =>
      s3('CompleteMultipartUpload', { UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] }, ChecksumCRC32 })

    const wrong = await failure(() => complete('AAAAAA=='))
    const right = await complete(crc(data))

    expect(wrong.name).toBe('BadDigest')
    expect(right).toMatchObject({ ChecksumCRC32: crc(data), ChecksumType: 'FULL_OBJECT' })
  })

  it('survives a restart and can be aborted', async () => {
    const { UploadId } = await s3('CreateMultipartUpload')
    await s3('UploadPart', { UploadId, PartNumber: 1, Body: 'x' })

    const next = cloud.restart()
    next.add(createS3(next))
    const input = { Bucket: 'parts', Key: 'big', UploadId }
    const { Parts } = await next.as('s3', 'ListParts', input)
    await next.as('s3', 'AbortMultipartUpload', input)

    expect(Parts.length).toBe(1)
    expect((await failure(() => next.as('s3', 'ListParts', input))).name).toBe('NoSuchUpload')
  })

  it('copies parts of other objects', async () => {
    await s3('PutObject', { Key: 'source', Body: 'hello world' })
    const { UploadId } = await s3('CreateMultipartUpload')

    const { CopyPartResult } = await s3('UploadPartCopy', {
      UploadId,
      PartNumber: 1,
      CopySource: 'parts/source',
      CopySourceRange: 'bytes=0-4',
    })
    await s3('CompleteMultipartUpload', {
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: CopyPartResult.ETag }] },
    })

    expect((await buffer((await s3('GetObject')).Body)).toString()).toBe('hello')
  })

  it('refuses parts that are missing, out of order, or too small, and stays open', async () => {
    const { UploadId } = await s3('CreateMultipartUpload')
    const one = { PartNumber: 1, ETag: (await s3('UploadPart', { UploadId, PartNumber: 1, Body: 'x' })).ETag }
    const two = { PartNumber: 2, ETag: (await s3('UploadPart', { UploadId, PartNumber: 2, Body: 'y' })).ETag }
    const complete = async (...Parts: object[]) =>
      (await failure(() => s3('CompleteMultipartUpload', { UploadId, MultipartUpload: { Parts } }))).name

    expect(await complete({ PartNumber: 3, ETag: one.ETag })).toBe('InvalidPart')
    expect(await complete({ PartNumber: 1, ETag: two.ETag })).toBe('InvalidPart')
    expect(await complete(two, one)).toBe('InvalidPartOrder')
    expect(await complete(one, two)).toBe('EntityTooSmall')
    expect(await complete()).toBe('MalformedXML')
    expect((await s3('ListParts', { UploadId })).Parts.length).toBe(2)
  })

  it('refuses part numbers that S3 does not know', async () => {
    const { UploadId } = await s3('CreateMultipartUpload')

    const error = await failure(() => s3('UploadPart', { UploadId, PartNumber: 10_001, Body: 'x' }))

    expect(error.name).toBe('InvalidArgument')
  })
})

describe('buckets of the template', () => {
  it('get a name in lower case, keep their objects at the next boot, and stay when they hold some', async () => {
    const { ref, attributes } = await cloud.deploy('AWS::S3::Bucket', 'Reports')
    await cloud.as('s3', 'PutObject', { Bucket: ref, Key: 'k', Body: 'v' })
    await cloud.deploy('AWS::S3::Bucket', 'Reports')
    await cloud.undeploy('Reports')

    expect(ref).toBe('test-reports-0123456789ab')
    expect(attributes).toMatchObject({ Arn: `arn:aws:s3:::${ref}` })
    expect((await cloud.as('s3', 'ListObjectsV2', { Bucket: ref })).KeyCount).toBe(1)
  })

  it('go with the template when they are empty', async () => {
    const { ref } = await cloud.deploy('AWS::S3::Bucket', 'Empty')
    await cloud.undeploy('Empty')

    const { Buckets } = await cloud.as('s3', 'ListBuckets')
    expect(Buckets.map((bucket: any) => bucket.Name)).not.toContain(ref)
  })
})
