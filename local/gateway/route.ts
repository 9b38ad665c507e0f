/** REST routes: which operation a method, a path, a query and headers mean. */
import type { Member, OperationModel, ServiceModel } from './model.ts'

export interface Route {
  method: string
  path: RegExp
  /** The members that the path's groups fill, in order. */
  labels: string[]
  /** Query literals of the URI pattern, such as `?uploads` or `?list-type=2`; null where any value will do. */
  literals: [name: string, value: string | null][]
  /** Required members in query or headers: they tell PutObject, UploadPart and CopyObject apart. */
  needs: Member[]
  /** Routes are tried heaviest first. */
  weight: number
}

export interface RestRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: Record<string, string | string[] | undefined>
}

/** Index 6 of a structure's schema counts its required members, which come first. */
const REQUIRED_COUNT = 6

export function routeOf(operation: Omit<OperationModel, 'route'>): Route {
  const [method, uri] = operation.traits.http!
  const [path = '/', query = ''] = uri.split('?')
  const members = (operation.input.isStructSchema() ? [...operation.input.structIterator()] : []) as [string, Member][]
  const labels: string[] = []
  // The SDK's endpoint rules moved S3's {Bucket} into the host name; path-style requests have it in the path.
  const takesBucket = members.some(([name, member]) => name === 'Bucket' && member.getMergedTraits().httpLabel)
  const bucket = takesBucket && !path.includes('{Bucket}') ? '/{Bucket}' : ''
  const template = bucket + (bucket && path === '/' ? '' : path)
  const pattern = template.replace(/\{(\w+)(\+?)\}/g, (_, name: string, greedy: string) => {
    labels.push(name)
    return greedy ? '(.+)' : '([^/]+)'
  })
  const literals = [...new URLSearchParams(query)]
    .filter(([name]) => name !== 'x-id')
    .map(([name, value]): [string, string | null] => [name, value || null])
  const required: number = (operation.input.getSchema() as any)?.[REQUIRED_COUNT] ?? 0
  const needs = members
    .slice(0, required)
    .map(([, member]) => member)
    .filter((member) => member.getMergedTraits().httpQuery || member.getMergedTraits().httpHeader)
  const weight = 10 * literals.length + 5 * needs.length + pattern.split('/').length - labels.length
  return { method, path: new RegExp(`^${pattern}/?$`, 's'), labels, literals, needs, weight }
}

/** The first (most specific) operation whose route takes the request. */
export function matchRoute(service: ServiceModel, request: RestRequest): OperationModel | undefined {
  return service.routes.find(({ route }) => takes(route!, request))
}

function takes({ method, path, literals, needs }: Route, request: RestRequest): boolean {
  if (method !== request.method || !path.test(request.path)) return false
  for (const [name, value] of literals) {
    if (!request.query.has(name) || (value !== null && request.query.get(name) !== value)) return false
  }
  return needs.every((member) => {
    const { httpQuery, httpHeader } = member.getMergedTraits()
    return httpQuery ? request.query.has(httpQuery) : request.headers[httpHeader!.toLowerCase()] !== undefined
  })
}
