import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Site, startSite } from '../../../data/loans/site/index.ts'
import { httpSource } from '../../../tasks/batch/source/http.ts'
import { parseListing } from '../../../tasks/batch/source/listing.ts'
import { isTransient } from '../../../tasks/errors.ts'
import { failure } from '../../support/cloud.ts'
import { startAws, type TestAws } from './aws.ts'

const content = Buffer.from('not really a zip')
const name = 'historical_data_1999Q1.zip'
const archive = {
  quarter: '1999Q1',
  name,
  size: content.length,
  checksum: `sha256:${createHash('sha256').update(content).digest('hex')}`,
}
const { signal } = new AbortController()

let aws: TestAws
let folder: string
let site: Site

async function secret(value: string): Promise<string> {
  const Name = `source-${Math.random()}`
  const { ARN } = await aws.cloud.as('secretsmanager', 'CreateSecret', { Name, SecretString: value })
  return ARN
}
const login = (password: string) => secret(JSON.stringify({ username: 'loader', password }))

beforeAll(async () => {
  aws = await startAws()
})
afterAll(() => aws.close())
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'site-'))
  writeFileSync(join(folder, name), content)
  site = await startSite({ folder, username: 'loader', password: 'right' })
})
afterEach(async () => {
  await site.close().catch(() => {})
  rmSync(folder, { recursive: true })
})

describe('the http source', () => {
  it('logs in, accepts the terms and lists the archives', async () => {
    const source = httpSource(site.url, await login('right'))
    expect(await source.list(signal)).toEqual([{ name, size: content.length, checksum: archive.checksum }])
  })

  it('downloads an archive without a listing before', async () => {
    const source = httpSource(site.url, await login('right'))
    expect(await buffer(await source.open(archive, signal))).toEqual(content)
  })

  it('logs in once more when its session has expired', async () => {
    const source = httpSource(site.url, await login('right'))
    await source.list(signal)
    site.expireSessions()
    expect(await buffer(await source.open(archive, signal))).toEqual(content)
    site.expireSessions()
    expect(await source.list(signal)).toHaveLength(1)
  })

  it('ends in SourceLoginError with a wrong password, naming user and secret, never the password', async () => {
    const secretArn = await login('wr0ng-s3cret')
    const error = await failure(() => httpSource(site.url, secretArn).list(signal))
    expect(error).toMatchObject({ name: 'SourceLoginError' })
    expect(error.message).toContain('"loader"')
    expect(error.message).toContain(secretArn)
    expect(error.message).not.toContain('wr0ng-s3cret')
  })

  it('ends in ArchiveMissing when the archive is gone', async () => {
    rmSync(join(folder, name))
    const error = await failure(async () => httpSource(site.url, await login('right')).open(archive, signal))
    expect(error).toMatchObject({ name: 'ArchiveMissing' })
  })

  it('calls a site that is down transient', async () => {
    const source = httpSource(site.url, await login('right'))
    await site.close()
    expect(isTransient(await failure(() => source.list(signal)))).toBe(true)
  })

  it('refuses a secret that is not a login, without quoting it', async () => {
    const secretArn = await secret('just-a-p4ssword')
    const error = await failure(() => httpSource(site.url, secretArn).list(signal))
    expect(error).toMatchObject({ name: 'ConfigurationError' })
    expect(error.message).not.toContain('p4ssword')
  })
})

describe('parseListing', () => {
  const page = (rows: string) => `<table class="table1"><thead><tr><th>File</th></tr></thead>${rows}</table>`

  it('reads an empty listing', () => {
    expect(parseListing(page(''), 'http://site')).toEqual([])
  })

  it.each([
    ['no table', '<p>We have moved.</p>'],
    [
      'a size with separators',
      page(`<tr><td><a href="a.zip">a</a></td><td>1,024</td><td>x</td><td>${'0'.repeat(64)}</td></tr>`),
    ],
    [
      'a link that leads elsewhere',
      page(`<tr><td><a href="/x/a.zip">a</a></td><td>1</td><td>x</td><td>${'0'.repeat(64)}</td></tr>`),
    ],
    ['no checksum', page('<tr><td><a href="a.zip">a</a></td><td>1</td><td>x</td></tr>')],
  ])('refuses %s with SourcePageChanged', async (_, html) => {
    expect(await failure(() => parseListing(html, 'http://site'))).toMatchObject({ name: 'SourcePageChanged' })
  })
})
