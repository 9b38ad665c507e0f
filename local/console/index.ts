/** Serves the console page at `/_stepwell/`; the page speaks AWS's protocols to the gateway, and asks here for a look into Parquet files. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Cloud } from '../cloud.ts'
import type { WireResponse } from '../gateway/message.ts'
import type { Service } from '../gateway/service.ts'
import { lookIntoParquet } from './parquet.ts'

export const CONSOLE_PATH = '/_stepwell/'
const source = (file: string) => fileURLToPath(new URL(`../../web/console/${file}`, import.meta.url))

/** Scripts and styles come from here alone, so that nothing a bucket holds can run in the console's name. */
const headers = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'none'; script-src 'self' blob:; worker-src blob:; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
}

export function createConsole(cloud: Cloud): Service {
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
      if (request.path === `${CONSOLE_PATH}parquet`) {
        return parquet(cloud, request.query.get('bucket') ?? '', request.query.get('key') ?? '')
      }
      if (request.path !== `${CONSOLE_PATH}console.js`) return undefined
      // Bundled when somebody first looks: the cloud itself starts without it.
      script ??= bundle()
      return page('text/javascript', await script)
    },
  }
}

async function parquet(cloud: Cloud, bucket: string, key: string): Promise<WireResponse> {
  try {
    return page('application/json', JSON.stringify(await lookIntoParquet(cloud, bucket, key)))
  } catch (error) {
    return { ...page('text/plain; charset=utf-8', (error as Error).message), status: 400 }
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
