/**
 * What web pages may do here. Any access key counts, so nothing but the browser's own word keeps a page that somebody happens to visit
 * from calling AWS operations on 127.0.0.1: a form needs no permission to be sent.
 */
import type { RestRequest } from './route.ts'

/** Fetch Metadata's destinations that show an answer as a page of its own (https://www.w3.org/TR/fetch-metadata/#sec-fetch-dest-header). */
const SHOWN = new Set(['document', 'iframe', 'frame', 'embed', 'object', 'fencedframe'])

/**
 * The page that sends a request, if it is not one of this server's: by `Origin`, which every browser sends with all that is not a plain
 * GET, and by `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/). Following a link to here is allowed. SDKs and CLIs send neither.
 *
 * @param host the name that the request was sent to, with its port
 */
export function foreignPage(
  { method, headers }: Pick<RestRequest, 'method' | 'headers'>,
  host: string,
): string | undefined {
  const origin = headers.origin === undefined ? undefined : String(headers.origin)
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) return origin
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined
  const followed = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return followed && (method === 'GET' || method === 'HEAD') ? undefined : `a ${site} page`
}

/**
 * Headers for what a service answers when a browser shows it: an object may be a page that anybody wrote. It is kept apart from this origin,
 * in whose name the console speaks (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy/sandbox).
 */
export function keptApart(headers: RestRequest['headers']): Record<string, string> {
  if (!SHOWN.has(String(headers['sec-fetch-dest']))) return {}
  return {
    'content-security-policy': "sandbox allow-scripts allow-popups; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
  }
}
