import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createS3 } from '../../../local/services/s3/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
let home: string
const list = (input: object = {}) => cloud.as('s3', 'ListObjectsV2', { Bucket: 'lists', ...input })
const keysOf = (output: any) => (output.Contents ?? []).map((one: any) => one.Key)
const prefixesOf = (output: any) => (output.CommonPrefixes ?? []).map((one: any) => one.Prefix)
const write = (key: string) => {
  mkdirSync(dirname(join(home, key)), { recursive: true })
  writeFileSync(join(home, key), '')
}

beforeEach(() => {
  cloud = testCloud()
  cloud.add(createS3(cloud))
  return cloud.as('s3', 'CreateBucket', { Bucket: 'lists' }).then(() => {
    home = join(cloud.folder('s3'), 'lists')
  })
})
afterEach(() => cloud.dispose())

/** All pages: keys and common prefixes in the order they came. */
async function pages(input: object) {
  const found: string[] = []
  for (let ContinuationToken: string | undefined; ; ) {
    const page = await list({ ...input, ContinuationToken })
    found.push(...[...keysOf(page), ...prefixesOf(page)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
    ContinuationToken = page.NextContinuationToken
    if (!page.IsTruncated) return found
  }
}

describe('a list of keys', () => {
  it('is what a plain filter over all keys gives, for any keys, prefix, delimiter and page size', async () => {
    const segment = fc.stringMatching(/^[a-c.\-!0é😀]{1,3}$/u).filter((s) => !/^\.{1,2}$|^\.s3/.test(s))
    const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))
    const cases = fc.record({
      keys: fc.uniqueArray(key, { maxLength: 12 }),
      Prefix: fc.oneof(fc.constant(''), key, fc.constantFrom('a', 'a/', 'b/c', 'a-')),
      Delimiter: fc.constantFrom(undefined, '/', '-', 'a'),
      MaxKeys: fc.integer({ min: 1, max: 5 }),
    })

    await fc.assert(
      fc.asyncProperty(cases, async ({ keys, Prefix, Delimiter, MaxKeys }) => {
        // Prepare
        for (const old of await pages({})) await cloud.as('s3', 'DeleteObject', { Bucket: 'lists', Key: old })
        for (const Key of keys) await cloud.as('s3', 'PutObject', { Bucket: 'lists', Key, Body: '' })

        // Act
        const found = await pages({ Prefix, Delimiter, MaxKeys })

        // Assess
        const groups = keys
          .filter((one) => one.startsWith(Prefix))
          .map((one) => {
            const cut = Delimiter ? one.indexOf(Delimiter, Prefix.length) : -1
            return cut < 0 ? one : one.slice(0, cut + 1)
          })
        const expected = [...new Set(groups)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        expect(found).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  it('hides what engines stage, but not what came through S3', async () => {
    for (const key of ['data/part-0', 'data/_temporary/0/part-1', 'data/.hive-staging/x', '.hidden']) write(key)
    write('data/_SUCCESS')
    await cloud.as('s3', 'PutObject', { Bucket: 'lists', Key: '.env', Body: '' })

    expect(keysOf(await list())).toEqual(['.env', 'data/_SUCCESS', 'data/part-0'])
    expect(prefixesOf(await list({ Delimiter: '/', Prefix: 'data/' }))).toEqual([])
  })

  it('shows no empty folders', async () => {
    mkdirSync(join(home, 'empty/deep'), { recursive: true })
    write('full/key')

    expect(prefixesOf(await list({ Delimiter: '/' }))).toEqual(['full/'])
  })

  it('starts after a key, and encodes keys when asked', async () => {
    for (const key of ['a b', 'a&c', 'ä/ö']) write(key)

    expect(keysOf(await list({ StartAfter: 'a b' }))).toEqual(['ä/ö'].toSpliced(0, 0, 'a&c'))
    expect(keysOf(await list({ EncodingType: 'url' }))).toEqual(['a%20b', 'a%26c', '%C3%A4/%C3%B6'])
  })

  it('of version 1 goes on at its marker', async () => {
    for (const key of ['a/1', 'a/2', 'b/1', 'c']) write(key)
    const first = await cloud.as('s3', 'ListObjects', { Bucket: 'lists', Delimiter: '/', MaxKeys: 1 })
    const second = await cloud.as('s3', 'ListObjects', { Bucket: 'lists', Delimiter: '/', Marker: first.NextMarker })

    expect(prefixesOf(first)).toEqual(['a/'])
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'a/' })
    expect(prefixesOf(second)).toEqual(['b/'])
    expect(keysOf(second)).toEqual(['c'])
  })

  it('of no bucket, or with a foreign token, is an error', async () => {
    expect((await failure(() => list({ Bucket: 'nowhere' }))).name).toBe('NoSuchBucket')
    expect((await failure(() => list({ ContinuationToken: '%%' }))).name).toBe('InvalidArgument')
  })

  it('pages through 30,000 keys without reading all of them for each page', async () => {
    // Prepare
    for (let folder = 0; folder < 2; folder++) {
      mkdirSync(join(home, `f${folder}`))
      for (let i = 0; i < 15_000; i++) writeFileSync(join(home, `f${folder}/${String(i).padStart(6, '0')}.parquet`), '')
      utimesSync(join(home, `f${folder}`), 1, 1_700_000_000)
    }

    // Act
    const began = process.cpuUsage()
    const keys = await pages({})
    const { user } = process.cpuUsage(began)

    // Assess
    expect(keys.length).toBe(30_000)
    expect(keys.at(-1)).toBe('f1/014999.parquet')
    expect(user / 1e6).toBeLessThan(1.5)
  })
})
