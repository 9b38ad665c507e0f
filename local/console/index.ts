/** Serves the console page at `/_stepwell/`; the page itself speaks AWS's protocols to the gateway. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { WireResponse } from '../gateway/message.ts'
import type { Service } from '../gateway/service.ts'

export const CONSOLE_PATH = '/_stepwell/'
const source = (file: string) => fileURLToPath(new URL(`../../web/console/${file}`, import.meta.url))

/** Scripts and styles come from here alone, so that nothing a bucket holds can run in the console's name. */
const headers = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'none'; script-src 'self' blob:; worker-src blob:; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
}

export function createConsole(): Service {
  let script: Promise<string> | undefined
  return {
    name: 'console',
    schemas: async () => ({}),
    operations: {},
    may: () => [],
    async page(request): Promise<WireResponse | undefined> {
      if (request.method !== 'GET') return undefined
      if (request.path === '/' || request.path === '/_stepwell')
        return { status: 302, headers: { location: CONSOLE_PATH } }
      if (request.path === CONSOLE_PATH)
        return page('text/html; charset=utf-8', await readFile(source('index.html'), 'utf8'))
      if (request.path === `${CONSOLE_PATH}console.css`)
        return page('text/css', await readFile(source('console.css'), 'utf8'))
      if (request.path !== `${CONSOLE_PATH}console.js`) return undefined
      // Bundled when somebody first looks: the cloud itself starts without it.
      script ??= bundle()
      return page('text/javascript', await script)
    },
  }
}

function page(type: string, body: string): WireResponse {
  return { status: 200, headers: { ...headers, 'content-type': type }, body }
}

async function bundle(): Promise<string> {
  const { build } = await import('esbuild')
  const result = await build({
    entryPoints: [source('main.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    logLevel: 'silent',
  })
  return result.outputFiles[0]!.text
}
