/** Puts file assets into the bucket that `cdk bootstrap` makes: Hive's scripts are read from there, by their permissions. */
import { createReadStream, statSync } from 'node:fs'
import type { Cloud } from '../cloud.ts'
import type { Assembly } from './assembly.ts'

/** Keys are hashes of the content, so what is there is right. Folders stay where they are: Lambda runs them in place. */
export async function publishAssets(cloud: Cloud, { assets }: Assembly): Promise<void> {
  const files = assets.filter(({ path, key }) => !key.endsWith('.template.json') && statSync(path).isFile())
  for (const Bucket of new Set(files.map(({ bucket }) => bucket))) {
    if (!(await exists(cloud, 'HeadBucket', { Bucket })))
      await cloud.call(cloud.admin, 's3', 'CreateBucket', { Bucket })
  }
  for (const { bucket: Bucket, key: Key, path } of files) {
    if (await exists(cloud, 'HeadObject', { Bucket, Key })) continue
    await cloud.call(cloud.admin, 's3', 'PutObject', { Bucket, Key, Body: createReadStream(path) })
  }
}

async function exists(cloud: Cloud, operation: 'HeadBucket' | 'HeadObject', input: object): Promise<boolean> {
  try {
    await cloud.call(cloud.admin, 's3', operation, input)
    return true
  } catch (error) {
    if (['NotFound', 'NoSuchKey', 'NoSuchBucket'].includes((error as Error).name)) return false
    throw error
  }
}
