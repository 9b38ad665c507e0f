/** Serves the classifier's page at `/classifier/`, as CloudFront does on AWS, with the address of the API that the template made. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Cloud } from '../cloud.ts'
import type { WireResponse } from '../gateway/message.ts'
import type { Service } from '../gateway/service.ts'

export const CLASSIFIER_PATH = '/classifier/'

const TYPES: Record<string, string> = {
  'index.html': 'text/html; charset=utf-8',
  'classifier.css': 'text/css',
  'classifier.js': 'text/javascript',
}

/** What CloudFront's policy says (workflows/model/page.ts), but for TLS. */
const headers = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

export function createClassifierPage(cloud: Cloud): Service {
  return {
    name: 'classifier-page',
    schemas: async () => ({}),
    operations: {},
    may: () => [],
    async page(request): Promise<WireResponse | undefined> {
      if (request.method !== 'GET' || !request.path.startsWith(CLASSIFIER_PATH.slice(0, -1))) return undefined
      if (request.path === CLASSIFIER_PATH.slice(0, -1)) return { status: 302, headers: { location: CLASSIFIER_PATH } }
      const file = request.path.slice(CLASSIFIER_PATH.length) || 'index.html'
      if (file === 'config.json') return answer('application/json', JSON.stringify({ api: await classifyUrl(cloud) }))
      const type = TYPES[file]
      if (!type) return undefined
      return answer(
        type,
        await readFile(fileURLToPath(new URL(`../../web/classifier/${file}`, import.meta.url)), 'utf8'),
      )
    },
  }
}

/** The stage's own address, by the path that the page has to post to; relative, so that any name of this machine will do. */
async function classifyUrl(cloud: Cloud): Promise<string | undefined> {
  const { items = [] } = await cloud.call(cloud.admin, 'apigateway', 'GetRestApis', {})
  for (const { id } of items) {
    const { items: resources = [] } = await cloud.call(cloud.admin, 'apigateway', 'GetResources', { restApiId: id })
    if (!resources.some(({ path }: { path?: string }) => path === '/classify')) continue
    const { item: stages = [] } = await cloud.call(cloud.admin, 'apigateway', 'GetStages', { restApiId: id })
    if (stages[0]) return `/execute-api/${id}/${stages[0].stageName}/classify`
  }
  return undefined
}

function answer(type: string, body: string): WireResponse {
  return { status: 200, headers: { ...headers, 'content-type': type }, body }
}
