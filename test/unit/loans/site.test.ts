import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Site, startSite } from '../../../data/loans/site/index.ts'

const LOGIN = '/FLoan/secure/login.php'
const AUTHENTICATE = '/FLoan/secure/auth.php'
const LISTING = '/FLoan/Data/download.php'
const ARCHIVE = '/FLoan/Data/historical_data_1999Q1.zip'
const CONTENT = Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * 31) % 251))
const SHA256 = createHash('sha256').update(CONTENT).digest('hex')

let folder: string
let site: Site
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stepwell-site-'))
  await writeFile(path.join(folder, 'historical_data_1999Q1.zip'), CONTENT)
  await writeFile(path.join(folder, 'historical_data_1999Q1.truth.json'), '{}')
  site = await startSite({ folder, username: 'loader', password: 'correct horse' })
})
afterAll(async () => {
  await site.close()
  await rm(folder, { recursive: true, force: true })
})

const get = (at: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(site.url + at, { headers, method, redirect: 'manual' })
const post = (at: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(site.url + at, { method: 'POST', body: new URLSearchParams(form), headers, redirect: 'manual' })

async function signedIn(accept = true): Promise<{ cookie: string }> {
  const answer = await post(AUTHENTICATE, { username: 'loader', password: 'correct horse' })
  const cookie = answer.headers.get('set-cookie')!.split(';')[0]!
  if (accept) await post(LISTING, { accept: 'Yes', action: 'acceptTandC', acceptSubmit: 'Continue' }, { cookie })
  return { cookie }
}

describe('the flow of the site', () => {
  it('leads from the login form over the terms to the listing and a download', async () => {
    const form = await (await get(LOGIN)).text()
    expect(form).toContain(`<form name="loginform" action="${AUTHENTICATE}" method="post">`)
    const answer = await post(AUTHENTICATE, { username: 'loader', password: 'correct horse' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, LISTING])
    expect(answer.headers.get('set-cookie')).toMatch(/^PHPSESSID=[0-9a-f]{32}; Path=\/; HttpOnly/)
    const cookie = answer.headers.get('set-cookie')!.split(';')[0]!

    const terms = await get(LISTING, { cookie })
    expect(await terms.text()).toContain('name="termsform"')
    const early = await get(ARCHIVE, { cookie })
    expect([early.status, early.headers.get('location')]).toEqual([302, LISTING])

    const accepted = await post(LISTING, { accept: 'Yes', action: 'acceptTandC', acceptSubmit: 'Continue' }, { cookie })
    const listing = await accepted.text()
    expect(listing).toContain('<table class="table1">')
    expect(listing).toMatch(
      new RegExp(
        `<tr><td><a href="historical_data_1999Q1.zip">historical_data_1999Q1.zip</a></td><td>10000</td><td>[^<]+ GMT</td><td>${SHA256}</td></tr>`,
      ),
    )
    expect(listing).not.toContain('truth')

    const file = await get(ARCHIVE, { cookie })
    expect(file.headers.get('content-type')).toBe('application/zip')
    expect(file.headers.get('content-length')).toBe('10000')
    expect(file.headers.get('etag')).toBe(`"${SHA256}"`)
    expect(Buffer.from(await file.arrayBuffer()).equals(CONTENT)).toBe(true)
  })

  it.each([
    ['loader', 'wrong'],
    ['other', 'correct horse'],
    ['', ''],
  ])('answers %s and %s with the login page, an error and no cookie', async (username, password) => {
    const answer = await post(AUTHENTICATE, { username, password })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('set-cookie')).toBeNull()
    const page = await answer.text()
    expect(page).toContain('<p class="error">The user name or password is incorrect.</p>')
    expect(page).toContain('loginform')
  })

  it('asks again when the terms are not accepted', async () => {
    const session = await signedIn(false)
    const page = await (await post(LISTING, { accept: 'No', action: 'acceptTandC' }, session)).text()
    expect(page).toContain('termsform')
  })

  it('sends who is not signed in, or no longer, to the login page', async () => {
    for (const at of [LISTING, ARCHIVE]) {
      const answer = await get(at)
      expect([answer.status, answer.headers.get('location')]).toEqual([302, LOGIN])
    }
    const session = await signedIn()
    site.expireSessions()
    expect((await get(ARCHIVE, session)).headers.get('location')).toBe(LOGIN)
  })

  it('forgets a session that was silent for too long', async () => {
    const brief = await startSite({ folder, username: 'a', password: 'b', sessionSeconds: 0 })
    const answer = await fetch(brief.url + AUTHENTICATE, {
      method: 'POST',
      body: new URLSearchParams({ username: 'a', password: 'b' }),
      redirect: 'manual',
    })
    const cookie = answer.headers.get('set-cookie')!.split(';')[0]!
    const listing = await fetch(brief.url + LISTING, { headers: { cookie }, redirect: 'manual' })
    await brief.close()
    expect(listing.headers.get('location')).toBe(LOGIN)
  })
})

describe('a download', () => {
  it.each([
    ['bytes=0-99', 0, 100],
    ['bytes=9990-', 9990, 10_000],
    ['bytes=-5', 9995, 10_000],
    ['bytes=9000-99999', 9000, 10_000],
  ])('answers the range %s with its part', async (range, start, end) => {
    const answer = await get(ARCHIVE, { ...(await signedIn()), range })
    expect(answer.status).toBe(206)
    expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/10000`)
    expect(Buffer.from(await answer.arrayBuffer()).equals(CONTENT.subarray(start, end))).toBe(true)
  })

  it('refuses a range behind the end, and ignores one of another file', async () => {
    const session = await signedIn()
    expect((await get(ARCHIVE, { ...session, range: 'bytes=10000-' })).status).toBe(416)
    expect((await get(ARCHIVE, { ...session, range: 'bytes=0-9', 'if-range': '"other"' })).status).toBe(200)
    expect((await get(ARCHIVE, { ...session, range: 'bytes=0-9', 'if-range': `"${SHA256}"` })).status).toBe(206)
    expect((await get(ARCHIVE, { ...session, 'if-none-match': `"${SHA256}"` })).status).toBe(304)
  })

  it('answers HEAD without a body', async () => {
    const answer = await get(ARCHIVE, await signedIn(), 'HEAD')
    expect(answer.headers.get('content-length')).toBe('10000')
    expect(await answer.text()).toBe('')
  })

  it.each([
    'missing.zip',
    'historical_data_1999Q1.truth.json',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/x.zip',
    '.hidden.zip',
  ])('has no file %s', async (name) => {
    const answer = await get(`/FLoan/Data/${name}`, await signedIn())
    expect(answer.status).toBe(404)
  })

  it('notices a republished archive', async () => {
    const session = await signedIn()
    await writeFile(path.join(folder, 'new.zip'), 'one')
    const first = (await get('/FLoan/Data/new.zip', session)).headers.get('etag')
    await writeFile(path.join(folder, 'new.zip'), 'three')
    const second = (await get('/FLoan/Data/new.zip', session)).headers.get('etag')
    expect(second).not.toBe(first)
    expect(second).toBe(`"${createHash('sha256').update('three').digest('hex')}"`)
  })
})

describe('startSite', () => {
  it('takes other paths', async () => {
    const other = await startSite({
      folder,
      username: 'a',
      password: 'b',
      paths: { login: '/in', authenticate: '/check', listing: '/files/' },
    })
    const answer = await fetch(`${other.url}/files/`, { redirect: 'manual' })
    await other.close()
    expect(answer.headers.get('location')).toBe('/in')
  })

  it('says when its port is taken', async () => {
    await expect(startSite({ folder, username: 'a', password: 'b', port: site.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })
})
