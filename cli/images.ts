/** The pictures that the model workflow learns from: sample drawings, or a folder of one's own. */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import {
  DeleteObjectsCommand,
  ListBucketsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import { CliError } from './errors.ts'
import { count, seconds } from './format.ts'
import type { Output } from './output.ts'

/** Where the workflow looks when its input names no other place. */
export const SAMPLE_PREFIX = 'images/'
const AT_ONCE = 8

/** Makes the sample drawings where they are missing, and puts them into the raw bucket. */
export async function ensureSampleImages(dataDir: string, s3: S3Client, output: Output): Promise<void> {
  const started = performance.now()
  // sharp and the icon sets are loaded by whoever needs them.
  const { generateImages } = await import('../data/images/generate.ts')
  output.live('  drawing sample pictures')
  const { folder, images, made } = await generateImages({ folder: path.join(path.resolve(dataDir), 'source-images') })
  const uploaded = await uploadImages(s3, folder, SAMPLE_PREFIX)
  output.live('')
  const elapsed = performance.now() - started
  output.object({ type: 'images', folder, images, made, uploaded, seconds: elapsed / 1000 })
  const how = made ? `drawn in ${seconds(elapsed)}` : 'there already'
  output.line(`  ${output.colors.green('✓')} ${count(images)} pictures  ${output.colors.dim(how)}`)
}

/** Puts a folder of classes below a prefix of its own, and gives the prefix. @throws CliError when it holds fewer than two classes */
export async function uploadOwnImages(folder: string, s3: S3Client, output: Output): Promise<string> {
  const absolute = path.resolve(folder)
  const prefix = `own-images/${createHash('sha256').update(absolute).digest('hex').slice(0, 12)}/`
  output.live(`  uploading ${folder}`)
  const uploaded = await uploadImages(s3, absolute, prefix)
  output.live('')
  output.object({ type: 'images', folder: absolute, uploaded, prefix })
  return prefix
}

/** Makes the prefix hold just the pictures of the folder. @returns how many were new or changed */
async function uploadImages(s3: S3Client, folder: string, prefix: string): Promise<number> {
  const bucket = await rawBucket(s3)
  const files = await picturesIn(folder)
  const known = new Map<string, string>()
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix })) {
    for (const { Key = '', ETag = '' } of page.Contents ?? []) known.set(Key, ETag.replaceAll('"', ''))
  }
  const keys = new Set(files.map((file) => prefix + file))
  const gone = [...known.keys()].filter((key) => !keys.has(key))
  for (let at = 0; at < gone.length; at += 1000) {
    const Objects = gone.slice(at, at + 1000).map((Key) => ({ Key }))
    await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }))
  }
  let uploaded = 0
  const rest = files.values()
  const upload = async () => {
    for (const file of rest) {
      const Body = await readFile(path.join(folder, file))
      if (known.get(prefix + file) === createHash('md5').update(Body).digest('hex')) continue
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: prefix + file, Body }))
      uploaded++
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, upload))
  return uploaded
}

/** `class/file`, with "/" on every system. */
async function picturesIn(folder: string): Promise<string[]> {
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) throw new CliError(`There is no folder ${folder}.`)
  const entries = await readdir(folder, { withFileTypes: true })
  const classes = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name)
  if (classes.length < 2) {
    throw new CliError(
      `${folder} must hold a folder for each class, two or more, such as penguin and not-penguin; it holds ${classes.join(', ') || 'none'}.`,
    )
  }
  const lists = classes.map(async (name) => {
    const files = await readdir(path.join(folder, name), { withFileTypes: true, recursive: true })
    return files
      .filter((file) => file.isFile() && !file.name.startsWith('.'))
      .map((file) => path.relative(folder, path.join(file.parentPath, file.name)).split(path.sep).join('/'))
  })
  return (await Promise.all(lists)).flat()
}

/** The stack's bucket of raw data, by the name that the template gave it. */
async function rawBucket(s3: S3Client): Promise<string> {
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
  const found = Buckets.find(({ Name }) => /^stepwell-storageraw/.test(Name ?? ''))?.Name
  if (!found) throw new CliError('The stack has no bucket for raw data: is it deployed?')
  return found
}
