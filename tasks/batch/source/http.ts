/**
 * The source that is a website: a login form, a session cookie, terms to accept, a listing page and downloads, as the dataset's
 * portal had until 2020. Paths and field names are in {@link PORTAL}; the site's own description is data/loans/site/README.md.
 */
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { z } from 'zod'
import { ConfigurationError, TaskError, TransientError } from '../../errors.ts'
import { parseListing } from './listing.ts'
import type { Source } from './source.ts'

/** Where the portal keeps its pages, and how its forms are filled in. */
const PORTAL = {
  login: 'FLoan/secure/login.php',
  authenticate: 'FLoan/secure/auth.php',
  downloads: 'FLoan/Data/download.php',
  archives: 'FLoan/Data/',
  terms: { form: 'termsform', fields: { accept: 'Yes', action: 'acceptTandC', acceptSubmit: 'Continue' } },
}

/** A page takes a second; half a minute without an answer is a site that is down. */
const PAGE_TIMEOUT_MS = 30_000

const credentialsSchema = z.object({ username: z.string().min(1), password: z.string().min(1) })

/** @param secretArn a secret with `{"username", "password"}` */
export function httpSource(url: string, secretArn: string): Source {
  const base = url.endsWith('/') ? url : `${url}/`
  const secrets = new SecretsManagerClient({})
  let cookie: string | undefined

  async function request(path: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string>), ...(cookie === undefined ? {} : { cookie }) }
    const response = await fetch(new URL(path, base), { ...init, headers, redirect: 'manual', signal })
    if (response.status === 429 || response.status >= 500) {
      await response.body?.cancel()
      throw new TransientError(`${base}${path} answered ${response.status}.`)
    }
    return response
  }

  function page(path: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
    return request(path, init, AbortSignal.any([signal, AbortSignal.timeout(PAGE_TIMEOUT_MS)]))
  }

  async function login(signal: AbortSignal): Promise<void> {
    cookie = undefined
    const { username, password } = await credentials(secrets, secretArn)
    const response = await page(
      PORTAL.authenticate,
      { method: 'POST', body: new URLSearchParams({ username, password }) },
      signal,
    )
    await response.body?.cancel()
    const session = response.headers.getSetCookie().map((line) => line.split(';', 1)[0])
    // The portal answers a wrong password with the login page again, and with no session.
    if (response.status !== 302 || session.length === 0) {
      throw new TaskError(
        'SourceLoginError',
        `${base} refused the login of "${username}" (it answered ${response.status}). Check the secret ${secretArn}.`,
      )
    }
    cookie = session.join('; ')
  }

  /** Where a redirect leads, as a path below the base. */
  const target = (response: Response) =>
    new URL(response.headers.get('location') ?? '', new URL(PORTAL.downloads, base)).pathname
  const leadsTo = (response: Response, path: string) =>
    [301, 302, 303].includes(response.status) && target(response) === new URL(path, base).pathname

  /** The listing page; logs in, accepts the terms, and logs in once more when the session has expired. */
  async function listingPage(signal: AbortSignal): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      if (cookie === undefined) await login(signal)
      const response = await page(PORTAL.downloads, {}, signal)
      if (leadsTo(response, PORTAL.login) && attempt === 0) {
        cookie = undefined
        continue
      }
      const html = await ok(response, PORTAL.downloads).text()
      if (!html.includes(PORTAL.terms.form)) return html
      const accepted = await page(
        PORTAL.downloads,
        { method: 'POST', body: new URLSearchParams(PORTAL.terms.fields) },
        signal,
      )
      return ok(accepted, PORTAL.downloads).text()
    }
  }

  function ok(response: Response, path: string): Response {
    if (response.status === 200) return response
    throw new TaskError(
      'SourcePageChanged',
      `${base}${path} answered ${response.status} instead of a page. Compare the site with PORTAL in tasks/batch/source/http.ts.`,
    )
  }

  const pathOf = (name: string) => `${PORTAL.archives}${encodeURIComponent(name)}`

  return {
    place: base,
    isOwn: false,
    locationOf: ({ name }) => `${base}${pathOf(name)}`,

    async list(signal) {
      return parseListing(await listingPage(signal), `${base}${PORTAL.downloads}`)
    },

    async open(archive, signal) {
      const path = pathOf(archive.name)
      for (let attempt = 0; ; attempt++) {
        if (cookie === undefined) await listingPage(signal)
        const response = await request(path, {}, signal)
        if (response.status === 200)
          return response.body ? Readable.fromWeb(response.body as ReadableStream) : Readable.from([])
        await response.body?.cancel()
        if (response.status === 404) {
          throw new TaskError('ArchiveMissing', `${base}${path} was listed, but is gone. Start a new execution.`)
        }
        // An expired session leads to the login, terms not yet accepted to the listing: once each is the site's normal course.
        if (attempt === 0 && (leadsTo(response, PORTAL.login) || leadsTo(response, PORTAL.downloads)))
          cookie = undefined
        else ok(response, path)
      }
    },
  }
}

async function credentials(
  secrets: SecretsManagerClient,
  secretArn: string,
): Promise<z.output<typeof credentialsSchema>> {
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }))
  let value: unknown
  try {
    value = JSON.parse(SecretString ?? '')
  } catch {
    // Not the parser's own error: it quotes what it read.
  }
  const result = credentialsSchema.safeParse(value)
  if (result.success) return result.data
  throw new ConfigurationError(
    `The secret ${secretArn} must be JSON with "username" and "password". Set it, then start a new execution.`,
  )
}
