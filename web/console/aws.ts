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
  logs: { prefix: 'Logs_20140328', version: '1.1' },
  'redshift-data': { prefix: 'RedshiftData', version: '1.1' },
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

/** Where a Lambda function logs to. */
export async function functionLogGroup(name: string): Promise<string> {
  const path = `/2015-03-31/functions/${encodeURIComponent(name)}/configuration`
  const response = await fetch(path, { headers: { authorization: authorization('lambda') } })
  const { LoggingConfig, FunctionName = name } = await response.json()
  return LoggingConfig?.LogGroup ?? `/aws/lambda/${FunctionName}`
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

/** Where the console shows a bucket's folder or an object. */
export function objectPage(bucket: string, key: string): string {
  return `#/s3/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
}

/** The beginning of an object. @throws CallError as S3 answers it */
export async function readObject(bucket: string, key: string, bytes: number) {
  const headers = { authorization: authorization('s3'), range: `bytes=0-${bytes - 1}` }
  const response = await fetch(objectPath(bucket, key), { headers })
  // An object without a byte has no range.
  if (response.status === 416) return { bytes: new Uint8Array(), size: 0, type: '', modified: '' }
  if (!response.ok) throw s3Error(response, new DOMParser().parseFromString(await response.text(), 'application/xml'))
  return {
    bytes: new Uint8Array(await response.arrayBuffer()),
    size: Number(response.headers.get('content-range')?.split('/')[1] ?? response.headers.get('content-length')),
    type: response.headers.get('content-type') ?? '',
    modified: response.headers.get('last-modified') ?? '',
  }
}

/** An address of an object that opens in a tab of its own. */
export function objectUrl(bucket: string, key: string): string {
  const query = new URLSearchParams({ 'X-Amz-Algorithm': 'AWS4-HMAC-SHA256', 'X-Amz-Credential': credential('s3') })
  return `${objectPath(bucket, key)}?${query}`
}

function objectPath(bucket: string, key: string): string {
  return `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
}

async function s3(path: string): Promise<Document> {
  const response = await fetch(path, { headers: { authorization: authorization('s3') } })
  const document = new DOMParser().parseFromString(await response.text(), 'application/xml')
  if (response.ok) return document
  throw s3Error(response, document)
}

function s3Error(response: Response, document: Document): CallError {
  const text = (name: string) => document.querySelector(name)?.textContent
  return new CallError(text('Code') ?? 'Error', text('Message') ?? response.statusText)
}
