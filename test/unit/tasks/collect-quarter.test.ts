import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startSite } from '../../../data/loans/site/index.ts'
import { AwsError } from '../../../local/gateway/aws-error.ts'
import { type Archive, identity } from '../../../tasks/batch/archive/archive.ts'
import { quarantinePrefix } from '../../../tasks/batch/archive/rejection.ts'
import { archiveRow } from '../../../tasks/batch/archive/table.ts'
import { openZip } from '../../../tasks/batch/archive/unzip.ts'
import { type Collected, handler } from '../../../tasks/batch/collect-quarter.ts'
import { failure } from '../../support/cloud.ts'
import { archivesTable, bucket, execution, heldLock, invoke, startAws, type TestAws } from './aws.ts'
import { lines, r47, zipOf } from './zips.ts'

const name = 'historical_data_1999Q1.zip'
const ORIG = 'origination/layout=r47/quarter=1999Q1/orig_1999Q1.txt'
const PERF = 'performance/layout=r47/quarter=1999Q1/perf_1999Q1.txt'

let aws: TestAws
let environment: Record<string, string>

beforeEach(async () => {
  aws = await startAws()
  environment = {
    SOURCE_DRIVER: 's3',
    RAW_BUCKET: await bucket(aws.cloud, 'raw'),
    PROCESSED_BUCKET: await bucket(aws.cloud, 'processed'),
    LANDING_PREFIX: 'landing/',
    ARCHIVES_TABLE: await archivesTable(aws.cloud),
    LOCKS_TABLE: await heldLock(aws.cloud),
  }
})
afterEach(() => aws.close())

async function land(zip: Buffer): Promise<Archive> {
  const { ETag } = await aws.cloud.as('s3', 'PutObject', { Bucket: 'raw', Key: `landing/${name}`, Body: zip })
  return { quarter: '1999Q1', name, size: zip.length, checksum: `etag:${ETag}` }
}
const collect = (archive: Archive) => invoke<Collected>(handler, { execution: execution(), archive }, environment)
/** Why an archive is rejected. */
async function rejection(archive: Archive) {
  const { rejected, collected } = await collect(archive)
  expect(collected).toBe(false)
  return rejected!
}

async function keys(): Promise<string[]> {
  const { Contents = [] } = await aws.cloud.as('s3', 'ListObjectsV2', { Bucket: 'raw' })
  return Contents.map((object: { Key: string }) => object.Key).filter((key: string) => !key.startsWith('landing/'))
}
async function text(Key: string, Bucket = 'raw'): Promise<string> {
  const { Body } = await aws.cloud.as('s3', 'GetObject', { Bucket, Key })
  const chunks: Buffer[] = []
  for await (const chunk of Body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

describe('CollectQuarter', () => {
  it('unzips both files to the keys that Hive reads, byte for byte, and notes the archive', async () => {
    const latin1 = `${lines(31)}${'é|'.repeat(30)}\x92\n`
    const archive = await land(
      await zipOf({ 'orig_1999Q1.txt': latin1, 'perf_1999Q1.txt': lines(35), 'README.txt': 'hello' }),
    )
    const before = readdirSync(tmpdir()).filter((file) => file.startsWith('collect-')).length

    const result = await collect(archive)

    expect(result).toEqual({ quarter: '1999Q1', collected: true })
    expect(await keys()).toEqual([ORIG, PERF])
    expect(await text(ORIG)).toBe(latin1)
    expect(await text(PERF)).toBe(lines(35))
    expect(await archiveRow('archives', '1999Q1')).toMatchObject({ collected: identity(archive), layout: 'r47' })
    expect(readdirSync(tmpdir()).filter((file) => file.startsWith('collect-'))).toHaveLength(before)
  })

  it('does nothing for an archive that is collected already', async () => {
    const archive = await land(await r47('1999Q1'))
    await collect(archive)
    const puts = () => aws.cloud.calls.filter(({ operation }) => operation === 'PutObject').length
    const before = puts()

    expect(await collect(archive)).toEqual({ quarter: '1999Q1', collected: false })
    expect(puts()).toBe(before)
  })

  it('replaces exactly the files of its quarter when the archive is republished, in another layout too', async () => {
    const old = 'origination/layout=legacy32/quarter=1999Q1/historical_data_1999Q1.txt'
    const other = 'origination/layout=r47/quarter=1999Q2/orig_1999Q2.txt'
    await collect(
      await land(
        await zipOf({ 'historical_data_1999Q1.txt': lines(32), 'historical_data_time_1999Q1.txt': lines(32) }),
      ),
    )
    await aws.cloud.as('s3', 'PutObject', { Bucket: 'raw', Key: other, Body: 'x' })
    expect(await keys()).toContain(old)

    await collect(await land(await r47('1999Q1', 7)))

    expect(await keys()).toEqual([ORIG, other, PERF])
    expect(await text(ORIG)).toBe(lines(31, 7))
  })

  it('uploads a file of many parts whole', async () => {
    const big = lines(35, 65_000)
    await collect(await land(await zipOf({ 'orig_1999Q1.txt': lines(31), 'perf_1999Q1.txt': big })))

    expect(big.length).toBeGreaterThan(16 * 1024 ** 2)
    expect(aws.cloud.calls.some(({ operation }) => operation === 'CompleteMultipartUpload')).toBe(true)
    expect((await text(PERF)) === big).toBe(true)
  })

  it('tolerates a dirty first line when it recognises the layout', async () => {
    await collect(
      await land(await zipOf({ 'orig_1999Q1.txt': `broken|line\n${lines(31)}`, 'perf_1999Q1.txt': lines(35) })),
    )
    expect(await keys()).toEqual([ORIG, PERF])
  })
})

describe('CollectQuarter rejects', () => {
  it.each([
    [
      'a name and a field count that disagree',
      { 'orig_1999Q1.txt': lines(32), 'perf_1999Q1.txt': lines(35) },
      'LayoutConflict',
      /31 fields.*32 fields, as in the origination of legacy32 and in the performance of legacy32/,
    ],
    [
      'an unknown field count',
      { 'orig_1999Q1.txt': lines(31), 'perf_1999Q1.txt': lines(40) },
      'LayoutConflict',
      /no known layout/,
    ],
    [
      'two layouts in one archive',
      { 'orig_1999Q1.txt': lines(31), 'historical_data_time_1999Q1.txt': lines(32) },
      'LayoutConflict',
      /r47 and legacy32/,
    ],
    ['a missing file', { 'orig_1999Q1.txt': lines(31) }, 'ArchiveCorrupt', /one origination and one performance/],
    ['an archive of neither', { 'README.txt': 'hello' }, 'ArchiveCorrupt', /holds neither at its top: README.txt/],
    [
      'a file of another quarter',
      { 'orig_1999Q2.txt': lines(31), 'perf_1999Q1.txt': lines(35) },
      'ArchiveCorrupt',
      /1999Q2/,
    ],
    [
      'an archive within an archive',
      { 'historical_data_1999Q1.zip': 'PK' },
      'ArchiveCorrupt',
      /holds an archive in turn.*called orig_1999Q1.txt and perf_1999Q1.txt, or historical_data_1999Q1.txt and/,
    ],
    ['files in a folder', { 'x/orig_1999Q1.txt': lines(31) }, 'ArchiveCorrupt', /zip the files themselves/],
    ['names in other letters', { 'ORIG_1999q1.TXT': lines(31) }, 'ArchiveCorrupt', /called orig_1999Q1.txt/],
    [
      'the performance file in the place of the other',
      { 'orig_1999Q1.txt': lines(35), 'perf_1999Q1.txt': lines(35) },
      'LayoutConflict',
      /35 fields, as in the performance of r47/,
    ],
    ['an empty file', { 'orig_1999Q1.txt': '', 'perf_1999Q1.txt': lines(35) }, 'ArchiveCorrupt', /has no line/],
  ])('%s, and leaves the raw bucket as it was', async (_, files, error, message) => {
    const archive = await land(await zipOf(files as Record<string, string>))
    const rejected = await rejection(archive)
    expect(rejected).toMatchObject({ ...archive, error })
    expect(rejected.reason).toMatch(message)
    expect(await keys()).toEqual([])
    expect(await archiveRow('archives', '1999Q1')).toEqual({ quarter: '1999Q1', rejected })
  })

  it('a truncated archive', async () => {
    const zip = await r47('1999Q1', 500)
    const archive = await land(zip.subarray(0, zip.length - 100))
    expect(await rejection(archive)).toMatchObject({ error: 'ArchiveCorrupt' })
    expect(await keys()).toEqual([])
  })

  it.each([
    ['in its deflated data', 3_000],
    ['in its checksum', undefined],
  ])('an archive that is damaged %s', async (_, at) => {
    const zip = Buffer.from(await r47('1999Q1', 5_000))
    // The central directory's CRC-32 of the first entry stands 16 bytes behind its signature.
    const offset = at ?? zip.indexOf(Buffer.from('PK\x01\x02', 'latin1')) + 16
    zip[offset] = (zip[offset] ?? 0) ^ 0xff
    const archive = await land(zip)
    const { error, reason } = await rejection(archive)
    expect(error).toBe('ArchiveCorrupt')
    expect(reason).toContain('orig_1999Q1.txt')
    expect(await keys()).toEqual([])
  })

  it('an archive whose second file is damaged, and leaves the quarter that was there as it was', async () => {
    const good = await land(await r47('1999Q1'))
    await collect(good)
    const zip = Buffer.from(await r47('1999Q1', 5_000))
    const second = zip.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1')) + 16
    zip[second] = (zip[second] ?? 0) ^ 0xff

    const rejected = await rejection(await land(zip))

    expect(rejected.reason).toMatch(/^perf_1999Q1\.txt of .* is damaged: its CRC-32/)
    expect([await text(ORIG), await text(PERF)]).toEqual([lines(31), lines(35)])
    expect(await archiveRow('archives', '1999Q1')).toMatchObject({ collected: identity(good), rejected })
  })

  it('an archive that was replaced after it was listed, which nobody remembers: the next may be whole', async () => {
    const archive = await land(await r47('1999Q1'))
    const next = await land(await r47('1999Q1', 9))
    expect(await rejection(archive)).toMatchObject({ error: 'ArchiveCorrupt' })
    expect(await archiveRow('archives', '1999Q1')).toBeUndefined()
    expect(await collect(next)).toEqual({ quarter: '1999Q1', collected: true })
  })

  it('no archive that is gone: that fails', async () => {
    const archive = await land(await r47('1999Q1'))
    await aws.cloud.as('s3', 'DeleteObject', { Bucket: 'raw', Key: `landing/${name}` })
    expect(await failure(() => collect(archive))).toMatchObject({ name: 'ArchiveMissing' })
  })

  it('an archive of another size than the listing said', async () => {
    const archive = await land(await r47('1999Q1'))
    expect(await rejection({ ...archive, size: archive.size + 1 })).toMatchObject({ error: 'ArchiveCorrupt' })
    expect(await archiveRow('archives', '1999Q1')).toBeUndefined()
  })
})

describe('The quarantine', () => {
  const damaged = () => Buffer.from('<html>Service unavailable</html>')

  it('holds why an archive was rejected and where it lies, and no copy of what lies in a bucket of our own', async () => {
    const archive = await land(damaged())
    const rejected = await rejection(archive)
    const { Contents } = await aws.cloud.as('s3', 'ListObjectsV2', { Bucket: 'processed' })
    const [kept, ...more] = Contents.map(({ Key }: { Key: string }) => Key)
    expect(more).toEqual([])
    expect(kept).toMatch(
      /^quarantine\/archives\/quarter=1999Q1\/historical_data_1999Q1\.zip-32-etag-\w+\/rejection\.json$/,
    )
    expect(rejected).toMatchObject({ location: `s3://raw/landing/${name}`, record: `s3://processed/${kept}` })
    expect(JSON.parse(await text(kept, 'processed'))).toEqual(rejected)
  })

  it('holds the archive itself when it came from a site, which may put another in its place', async () => {
    const zip = damaged()
    const folder = mkdtempSync(join(tmpdir(), 'site-'))
    writeFileSync(join(folder, name), zip)
    const site = await startSite({ folder, username: 'loader', password: 'sesame' })
    const SecretString = JSON.stringify({ username: 'loader', password: 'sesame' })
    await aws.cloud.as('secretsmanager', 'CreateSecret', { Name: 'login', SecretString })
    const checksum = `sha256:${createHash('sha256').update(zip).digest('hex')}`
    const archive = { quarter: '1999Q1', name, size: zip.length, checksum }
    const { rejected } = await invoke<Collected>(
      handler,
      { execution: execution(), archive },
      { ...environment, SOURCE_DRIVER: 'http', SOURCE_URL: site.url, SOURCE_SECRET_ARN: 'login' },
    )
    await site.close()
    rmSync(folder, { recursive: true })
    const Key = `${quarantinePrefix(archive)}${name}`
    expect(rejected?.location).toBe(`s3://processed/${Key}`)
    expect(await text(Key, 'processed')).toBe(zip.toString())
  })

  it('forgets the rejection when a whole archive has come, but not what lies in it', async () => {
    const { record } = await rejection(await land(damaged()))
    await collect(await land(await r47('1999Q1')))
    expect(await archiveRow('archives', '1999Q1')).not.toHaveProperty('rejected')
    expect(await text(record.replace('s3://processed/', ''), 'processed')).toContain('ArchiveCorrupt')
  })

  it('is not where an archive goes that could not be read: that fails', async () => {
    const archive = await land(damaged())
    aws.cloud.fake('s3', {
      GetObject: () => {
        throw new AwsError('AccessDenied', 'no', {}, 403)
      },
    })
    expect(await failure(() => collect(archive))).toMatchObject({ name: 'AccessDenied' })
    expect(await archiveRow('archives', '1999Q1')).toBeUndefined()
  })

  it('is not where an archive goes that the machine cannot open: that fails', async () => {
    expect(await failure(() => openZip('/no/such/archive.zip', name))).toMatchObject({ code: 'ENOENT' })
  })

  it('names few words of a reason that has many', async () => {
    const names = Object.fromEntries([1, 2, 3].map((i) => [`${String(i).repeat(9000)}.txt`, 'x']))
    const { reason } = await rejection(await land(await zipOf(names)))
    expect(reason).toHaveLength(500)
  })
})

describe('An archive that is made to harm', () => {
  it('is refused before it is unpacked when its lines would fill a disk', async () => {
    const bomb = await zipOf({
      'orig_1999Q1.txt': lines(31),
      'perf_1999Q1.txt': `${lines(35)}${'|'.repeat(80 * 1024 ** 2)}`,
    })

    const archive = await land(bomb)

    expect(await rejection(archive)).toMatchObject({
      error: 'ArchiveCorrupt',
      reason: expect.stringMatching(/perf_1999Q1\.txt of .* would become 83\d+ bytes/),
    })
    expect(await keys()).toEqual([])
  })

  it('is left off as soon as it is longer than the source said', async () => {
    const archive = await land(await r47('1999Q1', 5000))
    expect(await rejection({ ...archive, size: 10 })).toMatchObject({
      error: 'ArchiveCorrupt',
      reason: expect.stringMatching(/has more than 10 bytes/),
    })
  })
})
