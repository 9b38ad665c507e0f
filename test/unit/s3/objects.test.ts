import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createS3, objectPath } from '../../../local/services/s3/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
let root: string
const s3 = (operation: string, input: object = {}) => cloud.as('s3', operation, { Bucket: 'raw-data', ...input })
const text = async (output: any) => (await buffer(output.Body)).toString()

beforeEach(async () => {
  cloud = testCloud()
  cloud.add(createS3(cloud))
  root = cloud.folder('s3')
  await cloud.deploy('AWS::S3::Bucket', 'Raw', { BucketName: 'raw-data' })
})
afterEach(() => cloud.dispose())

describe('an object', () => {
  it('is a plain file with the MD5 of its bytes as its ETag', async () => {
    const put = await s3('PutObject', {
      Key: 'a/b.txt',
      Body: 'hello',
      ContentType: 'text/plain',
      Metadata: { Who: 'me' },
    })
    const got = await s3('GetObject', { Key: 'a/b.txt' })

    expect(put.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"')
    expect(readFileSync(join(root, 'raw-data/a/b.txt'), 'utf8')).toBe('hello')
    expect(got).toMatchObject({ ETag: put.ETag, ContentType: 'text/plain', Metadata: { who: 'me' }, ContentLength: 5 })
    expect(await text(got)).toBe('hello')
  })

  it('that an engine wrote in place is there, and has lost what S3 knew of the old one', async () => {
    await s3('PutObject', { Key: 'part-0', Body: 'old', ContentType: 'text/csv' })
    const before = await s3('HeadObject', { Key: 'part-0' })

    writeFileSync(objectPath(root, 'raw-data', 'part-0'), 'new and longer')
    const after = await s3('HeadObject', { Key: 'part-0' })

    expect(before.ContentType).toBe('text/csv')
    expect(after).toMatchObject({ ContentLength: 14, ContentType: 'binary/octet-stream' })
    expect(after.ETag).toMatch(/^"[0-9a-f]{32}-1"$/)
    expect(await s3('HeadObject', { Key: 'part-0' })).toEqual(after)
  })

  it('survives a restart with its metadata', async () => {
    await s3('PutObject', { Key: 'k', Body: 'v', ContentType: 'text/plain', Tagging: 'a=1&b=2' })

    const next = cloud.restart()
    next.add(createS3(next))
    const head = await next.as('s3', 'HeadObject', { Bucket: 'raw-data', Key: 'k' })

    expect(head).toMatchObject({ ContentType: 'text/plain', TagCount: 2 })
  })

  it('can be larger than what is read at once, and is streamed as it was when the answer began', async () => {
    const first = Buffer.alloc(300_000, 'a')
    await s3('PutObject', { Key: 'large', Body: Readable.from([first.subarray(0, 100_000), first.subarray(100_000)]) })

    const { Body, ContentLength } = await s3('GetObject', { Key: 'large' })
    await s3('PutObject', { Key: 'large', Body: 'replaced' })

    expect(ContentLength).toBe(300_000)
    expect((await buffer(Body)).equals(first)).toBe(true)
  })

  it('keeps the checksums that the gateway verified, and gives them back when asked', async () => {
    const Body = Object.assign(Readable.from([Buffer.from('hello')]), {
      checksums: { 'x-amz-checksum-crc32': 'NhCmhg==' },
    })

    const put = await s3('PutObject', { Key: 'k', Body })
    const asked = await s3('HeadObject', { Key: 'k', ChecksumMode: 'ENABLED' })
    const ranged = await s3('HeadObject', { Key: 'k', ChecksumMode: 'ENABLED', Range: 'bytes=0-1' })

    expect(put).toMatchObject({ ChecksumCRC32: 'NhCmhg==', ChecksumType: 'FULL_OBJECT' })
    expect(asked).toMatchObject({ ChecksumCRC32: 'NhCmhg==' })
    expect(ranged.ChecksumCRC32).toBeUndefined()
  })

  it('of many megabytes comes in as it is, and not at all when its body fails on the way', async () => {
    const whole = randomBytes(3 * 1024 * 1024 + 7)
    function* pieces(fails: boolean) {
      for (let at = 0; at < whole.length; at += 1000) yield whole.subarray(at, at + 1000)
      if (fails) throw new Error('the connection broke')
    }

    await s3('PutObject', { Key: 'good', Body: Readable.from(pieces(false)) })
    const error = await failure(() => s3('PutObject', { Key: 'bad', Body: Readable.from(pieces(true)) }))

    expect(readFileSync(join(root, 'raw-data/good')).equals(whole)).toBe(true)
    expect(error.message).toBe('the connection broke')
    expect(existsSync(join(root, 'raw-data/bad'))).toBe(false)
    expect(readdirSync(cloud.folder('s3-staging'))).toEqual([])
  })

  it('is not made of a body whose MD5 is another', async () => {
    const error = await failure(() =>
      s3('PutObject', { Key: 'k', Body: 'hello', ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }),
    )

    expect(error.name).toBe('BadDigest')
    expect((await failure(() => s3('HeadObject', { Key: 'k' }))).name).toBe('NotFound')
    expect(readdirSync(cloud.folder('s3-staging'))).toEqual([])
  })

  it.each([
    ['bytes=0-1', 'he', 'bytes 0-1/5'],
    ['bytes=3-', 'lo', 'bytes 3-4/5'],
    ['bytes=-2', 'lo', 'bytes 3-4/5'],
    ['bytes=1-100', 'ello', 'bytes 1-4/5'],
  ])('answers the range %s', async (Range, expected, ContentRange) => {
    await s3('PutObject', { Key: 'k', Body: 'hello' })

    const got = await s3('GetObject', { Key: 'k', Range })

    expect(got).toMatchObject({ ContentRange, ContentLength: expected.length })
    expect(await text(got)).toBe(expected)
  })

  it('refuses a range behind its end, and is empty where it is empty', async () => {
    await s3('PutObject', { Key: 'k', Body: 'hello' })
    await s3('PutObject', { Key: 'empty' })

    const error = await failure(() => s3('GetObject', { Key: 'k', Range: 'bytes=5-' }))
    const empty = await s3('GetObject', { Key: 'empty' })

    expect(error).toMatchObject({ name: 'InvalidRange', status: 416 })
    expect(empty.ContentLength).toBe(0)
    expect(await text(empty)).toBe('')
  })

  it('holds conditions to its ETag and time', async () => {
    const { ETag } = await s3('PutObject', { Key: 'k', Body: '1', IfNoneMatch: '*' })
    const names = async (input: object) => (await failure(() => s3('GetObject', { Key: 'k', ...input }))).name

    expect((await failure(() => s3('PutObject', { Key: 'k', Body: '2', IfNoneMatch: '*' }))).name).toBe(
      'PreconditionFailed',
    )
    expect((await failure(() => s3('PutObject', { Key: 'k', Body: '2', IfMatch: '"no"' }))).name).toBe(
      'PreconditionFailed',
    )
    expect((await failure(() => s3('PutObject', { Key: 'none', Body: '2', IfMatch: ETag }))).name).toBe('NoSuchKey')
    expect(await names({ IfNoneMatch: ETag })).toBe('NotModified')
    expect(await names({ IfMatch: '"no"' })).toBe('PreconditionFailed')
    expect(await names({ IfModifiedSince: new Date(Date.now() + 60_000) })).toBe('NotModified')
    expect(await names({ IfUnmodifiedSince: new Date(0) })).toBe('PreconditionFailed')
    await s3('PutObject', { Key: 'k', Body: '2', IfMatch: ETag })
    expect(await text(await s3('GetObject', { Key: 'k' }))).toBe('2')
  })

  it('is copied with its metadata, or with other metadata', async () => {
    await s3('PutObject', {
      Key: 'a b/ü.txt',
      Body: 'x',
      ContentType: 'text/plain',
      Metadata: { n: '1' },
      Tagging: 't=1',
    })
    const CopySource = `raw-data/${encodeURIComponent('a b/ü.txt')}`

    await s3('CopyObject', { Key: 'same', CopySource })
    await s3('CopyObject', { Key: 'other', CopySource, MetadataDirective: 'REPLACE', ContentType: 'text/csv' })
    const toItself = await failure(() => s3('CopyObject', { Key: 'same', CopySource: '/raw-data/same' }))

    expect(await s3('HeadObject', { Key: 'same' })).toMatchObject({ ContentType: 'text/plain', Metadata: { n: '1' } })
    expect(await s3('HeadObject', { Key: 'other' })).toMatchObject({ ContentType: 'text/csv', Metadata: {} })
    expect((await s3('GetObjectTagging', { Key: 'same' })).TagSet).toEqual([{ Key: 't', Value: '1' }])
    expect(toItself.name).toBe('InvalidRequest')
  })

  it('is deleted with the folders it leaves empty; deleting it twice is no error', async () => {
    await s3('PutObject', { Key: 'a/b/c', Body: '' })
    await s3('DeleteObject', { Key: 'a/b/c' })
    await s3('DeleteObject', { Key: 'a/b/c' })

    expect(readdirSync(join(root, 'raw-data'))).toEqual([])
    expect((await failure(() => s3('GetObject', { Key: 'a/b/c' }))).name).toBe('NoSuchKey')
  })

  it('that is missing looks forbidden to a caller who may not list the bucket', async () => {
    cloud.decide = (_principal, { action }) => action !== 's3:ListBucket'
    const role = cloud.role('Reader')

    const error = await failure(() => cloud.call(role, 's3', 'GetObject', { Bucket: 'raw-data', Key: 'none' }))

    expect(error.message).toContain('s3:ListBucket on resource: arn:aws:s3:::raw-data')
  })

  it('may share its name with a folder, in any order', async () => {
    await s3('PutObject', { Key: 'a', Body: 'file first' })
    await s3('PutObject', { Key: 'a/b', Body: 'below' })
    await s3('PutObject', { Key: 'c/d', Body: 'below' })
    await s3('PutObject', { Key: 'c', Body: 'folder first' })
    await s3('PutObject', { Key: 'e/', Body: '' })

    const { Contents } = await s3('ListObjectsV2')

    expect(Contents.map((one: any) => one.Key)).toEqual(['a', 'a/b', 'c', 'c/d', 'e/'])
    expect(await text(await s3('GetObject', { Key: 'a' }))).toBe('file first')
    expect(await text(await s3('GetObject', { Key: 'c' }))).toBe('folder first')
    await s3('DeleteObject', { Key: 'a/b' })
    expect(readFileSync(join(root, 'raw-data/a'), 'utf8')).toBe('file first')
  })
})

describe('keys', () => {
  it.each(['..', '../x', 'a/../../x', '/etc/passwd', 'a//b', './a', 'a\0b', '.s3-folder', 'a/.s3-object.b'])(
    'never leave the bucket: %j',
    async (Key) => {
      for (const operation of ['PutObject', 'GetObject', 'DeleteObject', 'CreateMultipartUpload', 'CopyObject']) {
        const error = await failure(() => s3(operation, { Key, Body: 'x', CopySource: 'raw-data/../../x' }))
        expect(error.name).toBe('InvalidURI')
      }
      expect(() => objectPath(root, 'raw-data', Key)).toThrow("Couldn't parse")
    },
  )

  it.each(['..', '../s3', 'UPPER', 'a', 'a/b', '.hidden'])(
    'never leave the data directory by the bucket: %j',
    (bucket) => {
      expect(() => objectPath(root, bucket, 'k')).toThrow('The specified bucket is not valid.')
    },
  )

  it('that look encoded are taken as they are', async () => {
    await s3('PutObject', { Key: '%2e%2e/%2Fx', Body: 'x' })

    expect(existsSync(join(root, 'raw-data/%2e%2e/%2Fx'))).toBe(true)
  })

  it('do not go through symbolic links', async () => {
    mkdirSync(join(root, 'raw-data/in'))
    symlinkSync('/etc', join(root, 'raw-data/out'))
    symlinkSync('/etc/hostname', join(root, 'raw-data/in/file'))

    for (const Key of ['out/hostname', 'out/new', 'in/file'])
      expect((await failure(() => s3('GetObject', { Key }))).name).toBe('InvalidURI')
    expect((await s3('ListObjectsV2')).KeyCount).toBe(0)
  })

  it('are at most 1024 bytes long, 244 between slashes', async () => {
    await s3('PutObject', { Key: 'ü'.repeat(122), Body: '' })

    expect((await failure(() => s3('PutObject', { Key: 'ü'.repeat(123) }))).name).toBe('KeyTooLongError')
    expect((await failure(() => s3('PutObject', { Key: 'a/'.repeat(513) }))).name).toBe('KeyTooLongError')
  })
})

describe('deleting many objects', () => {
  it('asks for each key and answers for each key', async () => {
    for (const Key of ['open', 'closed']) await s3('PutObject', { Key, Body: '' })
    cloud.decide = (_principal, { resource }) => !resource.endsWith('closed')
    const Delete = { Objects: [{ Key: 'open' }, { Key: 'closed' }, { Key: 'never there' }] }

    const output = await cloud.call(cloud.role('Cleaner'), 's3', 'DeleteObjects', { Bucket: 'raw-data', Delete })

    expect(output.Deleted).toEqual([{ Key: 'open' }, { Key: 'never there' }])
    expect(output.Errors).toMatchObject([{ Key: 'closed', Code: 'AccessDeniedException' }])
    expect((await s3('ListObjectsV2')).Contents.map((one: any) => one.Key)).toEqual(['closed'])
  })
})

describe('permissions', () => {
  it('are named as in IAM, with the bucket policy', async () => {
    const PolicyDocument = { Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' }] }
    await cloud.deploy('AWS::S3::BucketPolicy', 'Policy', { Bucket: 'raw-data', PolicyDocument })
    const asked: string[] = []
    cloud.decide = (_principal, { action, resource, policy }) => {
      expect(policy).toEqual(PolicyDocument)
      return asked.push(`${action} ${resource}`) > 0
    }
    await s3('PutObject', { Key: 'k', Body: '' })
    const role = cloud.role('R')
    const as = (operation: string, input: object) => cloud.call(role, 's3', operation, { Bucket: 'raw-data', ...input })

    await as('HeadObject', { Key: 'k' })
    await as('ListObjectsV2', { Prefix: 'k' })
    await as('CopyObject', { Key: 'l', CopySource: 'raw-data/k' })

    expect(asked).toEqual([
      's3:GetObject arn:aws:s3:::raw-data/k',
      's3:ListBucket arn:aws:s3:::raw-data',
      's3:PutObject arn:aws:s3:::raw-data/l',
      's3:GetObject arn:aws:s3:::raw-data/k',
    ])
  })
})
