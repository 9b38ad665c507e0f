/** The data set's objects in S3. */
import {
  CopyObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'

const s3 = new S3Client({ maxAttempts: 5 })

export interface Listed {
  key: string
  etag: string
  size: number
}

export async function list(bucket: string, prefix: string): Promise<Listed[]> {
  const found: Listed[] = []
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix })) {
    for (const { Key = '', ETag = '', Size = 0 } of page.Contents ?? [])
      found.push({ key: Key, etag: ETag, size: Size })
  }
  return found
}

export async function get(bucket: string, key: string): Promise<Uint8Array> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return (await Body?.transformToByteArray()) ?? new Uint8Array()
}

/** Undefined where there is no such object. The role must be allowed to list, or S3 answers AccessDenied instead. */
export async function getJson<T>(bucket: string, key: string): Promise<T | undefined> {
  try {
    return JSON.parse(Buffer.from(await get(bucket, key)).toString()) as T
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined
    throw error
  }
}

export async function put(bucket: string, key: string, body: Uint8Array | string, type: string): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: type }))
}

export const putJson = (bucket: string, key: string, value: unknown) =>
  put(bucket, key, `${JSON.stringify(value, null, 1)}\n`, 'application/json')

export async function copy(bucket: string, from: string, to: string): Promise<void> {
  const CopySource = `${bucket}/${from.split('/').map(encodeURIComponent).join('/')}`
  await s3.send(new CopyObjectCommand({ Bucket: bucket, CopySource, Key: to }))
}

/** Some at a time: each of them waits for the network. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const item of rest) await act(item)
    }),
  )
}
