/** The console's calls: the gateway's own AWS protocols, as the administrator. No API of its own stands behind this page. */

export class CallError extends Error {
  override readonly name: string
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

/** Signatures are not verified on this machine; the scope says which service is meant. */
export function credential(service: string): string {
  return `console/20260101/us-east-1/${service}/aws4_request`
}

function authorization(service: string): string {
  return `AWS4-HMAC-SHA256 Credential=${credential(service)}, SignedHeaders=host, Signature=local`
}

const targets: Record<string, { prefix: string; version: '1.0' | '1.1' }> = {
  states: { prefix: 'AWSStepFunctions', version: '1.0' },
  elasticmapreduce: { prefix: 'ElasticMapReduce', version: '1.1' },
  logs: { prefix: 'Logs_20140328', version: '1.1' },
}

/** @throws CallError as the service answers it */
export async function call<T>(service: keyof typeof targets & string, operation: string, input: object): Promise<T> {
  const { prefix, version } = targets[service]!
  const response = await fetch('/', {
    method: 'POST',
    headers: {
      'content-type': `application/x-amz-json-${version}`,
      'x-amz-target': `${prefix}.${operation}`,
      authorization: authorization(service),
    },
    body: JSON.stringify(input),
  })
  const body = await response.json()
  if (response.ok) return body
  throw new CallError(
    String(body.__type ?? 'Error')
      .split('#')
      .pop()!,
    body.message ?? body.Message ?? response.statusText,
  )
}

export interface Listing {
  folders: string[]
  objects: { key: string; size: number; modified: string }[]
  truncated: boolean
}

export async function listBuckets(): Promise<string[]> {
  const answer = await s3('/')
  return [...answer.querySelectorAll('Bucket > Name')].map((node) => node.textContent ?? '')
}

export async function listObjects(bucket: string, prefix: string): Promise<Listing> {
  const query = new URLSearchParams({ 'list-type': '2', delimiter: '/', prefix })
  const answer = await s3(`/${bucket}?${query}`)
  const text = (node: Element, name: string) => node.querySelector(name)?.textContent ?? ''
  return {
    folders: [...answer.querySelectorAll('CommonPrefixes > Prefix')].map((node) => node.textContent ?? ''),
    objects: [...answer.querySelectorAll('Contents')].map((node) => ({
      key: text(node, 'Key'),
      size: Number(text(node, 'Size')),
      modified: text(node, 'LastModified'),
    })),
    truncated: answer.querySelector('IsTruncated')?.textContent === 'true',
  }
}

/** An address of an object that opens in a tab of its own. */
export function objectUrl(bucket: string, key: string): string {
  const path = key.split('/').map(encodeURIComponent).join('/')
  const query = new URLSearchParams({ 'X-Amz-Algorithm': 'AWS4-HMAC-SHA256', 'X-Amz-Credential': credential('s3') })
  return `/${bucket}/${path}?${query}`
}

async function s3(path: string): Promise<Document> {
  const response = await fetch(path, { headers: { authorization: authorization('s3') } })
  const document = new DOMParser().parseFromString(await response.text(), 'application/xml')
  if (response.ok) return document
  throw new CallError(
    document.querySelector('Code')?.textContent ?? 'Error',
    document.querySelector('Message')?.textContent ?? response.statusText,
  )
}
