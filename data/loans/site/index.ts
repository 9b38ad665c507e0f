/** A download site for loan archives, with the flow of the portal of 1999-2020: README.md. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Archives } from './archives.ts'
import { listingPage, loginPage, notFoundPage, termsPage } from './pages.ts'
import { DEFAULT_PATHS, type SitePaths } from './paths.ts'
import { Sessions } from './sessions.ts'

export { DEFAULT_PATHS, type SitePaths } from './paths.ts'

export interface SiteOptions {
  /** The zip files of this folder are offered, as they are at each request. */
  folder: string
  username: string
  password: string
  /** The default, 0, is any free port. */
  port?: number
  paths?: Partial<SitePaths>
  /** How long a session lives without a request; the default is 1,800. */
  sessionSeconds?: number
}

export interface Site {
  /** `http://127.0.0.1:40123` */
  url: string
  port: number
  /** Ends every session, as a restart of a real site does. */
  expireSessions(): void
  close(): Promise<void>
}

const HTML = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }
const FORM_BYTES = 10_000

/** Starts the site on 127.0.0.1. @throws Error with code EADDRINUSE when the port is taken */
export async function startSite(options: SiteOptions): Promise<Site> {
  const { folder, username, password, port = 0, sessionSeconds = 1_800 } = options
  const paths = { ...DEFAULT_PATHS, ...options.paths }
  const sessions = new Sessions({ username, password, sessionSeconds })
  const answer = answering(paths, sessions, new Archives(folder))
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // A client that went away is no news; anything else is the site's fault.
      if (response.headersSent || response.destroyed) response.destroy()
      else
        response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`The site failed: ${(error as Error).message}\n`)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const actual = (server.address() as AddressInfo).port
  return {
    url: `http://127.0.0.1:${actual}`,
    port: actual,
    expireSessions: () => sessions.clear(),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answering(paths: SitePaths, sessions: Sessions, archives: Archives) {
  const beside = paths.listing.slice(0, paths.listing.lastIndexOf('/') + 1)

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://site')
    const { method } = request
    const reading = method === 'GET' || method === 'HEAD'
    const page = (status: number, html: string) => response.writeHead(status, HTML).end(method === 'HEAD' ? '' : html)
    const redirect = (location: string) => response.writeHead(302, { ...HTML, Location: location }).end()

    if (pathname === '/' && reading) return void redirect(paths.listing)
    if (pathname === paths.login && reading) return void page(200, loginPage(paths))
    if (pathname === paths.authenticate && method === 'POST') {
      const form = await readForm(request)
      const cookie = sessions.signIn(form.get('username') ?? '', form.get('password') ?? '')
      // The old portal answered a wrong password with its login page and 200: a scraper has to look at the page.
      if (!cookie) return void page(200, loginPage(paths, 'The user name or password is incorrect.'))
      response.setHeader('Set-Cookie', cookie)
      return void redirect(paths.listing)
    }
    if (!pathname.startsWith(beside)) return void page(404, notFoundPage())

    const session = sessions.find(request.headers.cookie)
    if (!session) return void redirect(paths.login)
    if (pathname === paths.listing) {
      if (method === 'POST') {
        const form = await readForm(request)
        if (form.get('action') === 'acceptTandC' && form.get('accept') === 'Yes') session.acceptedTerms = true
      }
      return void page(200, session.acceptedTerms ? listingPage(await archives.list()) : termsPage(paths))
    }
    if (!session.acceptedTerms) return void redirect(paths.listing)
    const archive = reading ? await archives.find(pathname.slice(beside.length)) : undefined
    if (!archive) return void page(404, notFoundPage())
    await archives.send(archive, request, response)
  }
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > FORM_BYTES)
      throw new RangeError(`A form of more than ${FORM_BYTES} bytes is none of this site's.`)
  }
  return new URLSearchParams(text)
}
