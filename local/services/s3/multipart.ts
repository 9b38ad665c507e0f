/** Multipart uploads: parts are files of the upload's own folder, put together when it completes. */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { checksumsOf, compositeChecksums, crc32InBase64, verifiedChecksums } from './checksums.ts'
import { byteRange, checkCopySource, noSuchKey } from './conditions.ts'
import { byteOrder } from './listing.ts'
import { copySource } from './objects.ts'
import type { Metadata, Store } from './store.ts'
import { commit, describedBy, receive } from './write.ts'

interface Upload extends Pick<Metadata, 'headers' | 'user' | 'tags'> {
  bucket: string
  key: string
  initiated: string
  algorithm?: string
  checksumType?: 'FULL_OBJECT' | 'COMPOSITE'
}

interface Part {
  number: number
  etag: string
  size: number
  modified: string
  checksums: Record<string, string>
}

/** All parts but the last have at least this many bytes (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html). */
const smallestPart = 5 * 1024 * 1024

export function multipartOperations(store: Store): Record<string, Operation> {
  const uploads = store.cloud.collection<Upload>('s3.uploads')
  const parts = store.cloud.collection<Part>('s3.parts')
  const folderOf = (id: string) => join(store.cloud.folder('s3-uploads'), id)
  const partKey = (id: string, number: number) => `${id}/${String(number).padStart(5, '0')}`
  const partFile = (id: string, number: number) => join(folderOf(id), String(number))

  function existing({ Bucket, Key, UploadId }: any): Upload {
    store.bucket(Bucket)
    const upload = uploads.get(UploadId)
    if (!upload || upload.bucket !== Bucket || upload.key !== Key)
      throw new AwsError(
        'NoSuchUpload',
        'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
        { UploadId },
        404,
      )
    return upload
  }

  function keepPart(id: string, number: number, staged: string, part: Part) {
    renameSync(staged, partFile(id, number))
    parts.put(partKey(id, number), part)
  }

  function forget(id: string) {
    uploads.delete(id)
    for (const [key] of parts.entries(`${id}/`)) parts.delete(key)
    rmSync(folderOf(id), { recursive: true, force: true })
  }

  return {
    CreateMultipartUpload(input) {
      const { Bucket, Key } = input
      store.bucket(Bucket)
      store.find(Bucket, Key) // refuses bad keys
      const UploadId = randomBytes(32).toString('base64url')
      mkdirSync(folderOf(UploadId), { recursive: true })
      const algorithm: string | undefined = input.ChecksumAlgorithm
      const checksumType =
        algorithm && (input.ChecksumType ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'))
      const initiated = new Date().toISOString()
      uploads.put(UploadId, { bucket: Bucket, key: Key, initiated, algorithm, checksumType, ...describedBy(input) })
      return { Bucket, Key, UploadId, ChecksumAlgorithm: algorithm, ChecksumType: checksumType }
    },

    async UploadPart(input) {
      const { UploadId, PartNumber, Body } = input
      existing(input)
      checkPartNumber(PartNumber)
      const staged = store.stagingFile()
      const { md5, size } = await receive(staged, Body, input.ContentMD5)
      const checksums = verifiedChecksums(Body)
      existing(input) // it may have been aborted while the body came
      keepPart(UploadId, PartNumber, staged, {
        number: PartNumber,
        etag: md5,
        size,
        modified: new Date().toISOString(),
        checksums,
      })
      return { ETag: `"${md5}"`, ...checksums }
    },

    async UploadPartCopy(input) {
      const { UploadId, PartNumber } = input
      existing(input)
      checkPartNumber(PartNumber)
      const from = copySource(input.CopySource)
      store.bucket(from.bucket)
      const source = store.find(from.bucket, from.key)
      if (!source) throw noSuchKey(from.key)
      checkCopySource(source, input)
      const range = byteRange(input.CopySourceRange, source.size)
      const staged = store.stagingFile()
      const { md5, size } = await receive(
        staged,
        createReadStream(source.path, range && { start: range.from, end: range.to }),
      )
      const modified = new Date()
      existing(input)
      keepPart(UploadId, PartNumber, staged, {
        number: PartNumber,
        etag: md5,
        size,
        modified: modified.toISOString(),
        checksums: {},
      })
      return { CopyPartResult: { ETag: `"${md5}"`, LastModified: modified } }
    },

    async CompleteMultipartUpload(input) {
      const { Bucket, Key, UploadId } = input
      const { algorithm, checksumType, bucket: _bucket, key: _key, initiated: _initiated, ...about } = existing(input)
      const chosen = chooseParts(input.MultipartUpload?.Parts ?? [], (number) => parts.get(partKey(UploadId, number)))
      const staged = store.stagingFile()
      const files = chosen.map((part) => partFile(UploadId, part.number))
      const crc = await concatenate(files, staged)
      const digests = Buffer.concat(chosen.map((part) => Buffer.from(part.etag, 'hex')))
      const etag = `${createHash('md5').update(digests).digest('hex')}-${chosen.length}`
      const checksums =
        checksumType === 'FULL_OBJECT'
          ? algorithm === 'CRC32'
            ? { ChecksumCRC32: crc32InBase64(crc) }
            : {}
          : compositeChecksums(chosen.map((part) => part.checksums))
      refuseOtherChecksum(input, checksums, staged)
      if (!uploads.get(UploadId)) {
        rmSync(staged, { force: true })
        existing(input)
      }
      const sizes = chosen.map((part) => part.size)
      commit(store, Bucket, Key, staged, { ...about, etag, checksums, checksumType, parts: sizes }, input)
      forget(UploadId)
      const Location = `${store.cloud.url}/${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`
      const type = Object.keys(checksums).length > 0 ? { ChecksumType: checksumType ?? 'COMPOSITE' } : {}
      return { Location, Bucket, Key, ETag: `"${etag}"`, ...checksums, ...type }
    },

    AbortMultipartUpload(input) {
      existing(input)
      forget(input.UploadId)
      return {}
    },

    ListParts(input) {
      const { Bucket, Key, UploadId, MaxParts = 1000 } = input
      const { algorithm, checksumType } = existing(input)
      const marker = Number(input.PartNumberMarker ?? 0)
      const all = parts
        .entries(`${UploadId}/`)
        .map(([, part]) => part)
        .filter((part) => part.number > marker)
      const page = all.slice(0, MaxParts)
      const last = page.at(-1)?.number ?? 0
      return {
        Bucket,
        Key,
        UploadId,
        PartNumberMarker: String(marker),
        NextPartNumberMarker: String(last),
        MaxParts,
        IsTruncated: all.length > page.length,
        StorageClass: 'STANDARD',
        ChecksumAlgorithm: algorithm,
        ChecksumType: checksumType,
        Parts: page.map(({ number, etag, size, modified, checksums }) => ({
          PartNumber: number,
          ETag: `"${etag}"`,
          Size: size,
          LastModified: new Date(modified),
          ...checksums,
        })),
      }
    },

    ListMultipartUploads({ Bucket, Prefix = '', KeyMarker = '', UploadIdMarker, MaxUploads = 1000 }) {
      store.bucket(Bucket)
      const open = uploads
        .entries()
        .filter(([, upload]) => upload.bucket === Bucket && upload.key.startsWith(Prefix))
        .sort(([, a], [, b]) => byteOrder(a.key, b.key) || a.initiated.localeCompare(b.initiated))
      const start = UploadIdMarker
        ? open.findIndex(([id, upload]) => upload.key === KeyMarker && id === UploadIdMarker) + 1
        : open.findIndex(([, upload]) => byteOrder(upload.key, KeyMarker) > 0)
      const rest = start < 0 ? [] : open.slice(start)
      const page = rest.slice(0, MaxUploads)
      const IsTruncated = rest.length > page.length
      const [lastId, last] = page.at(-1) ?? []
      return {
        Bucket,
        Prefix,
        KeyMarker,
        UploadIdMarker,
        MaxUploads,
        IsTruncated,
        ...(IsTruncated && { NextKeyMarker: last?.key, NextUploadIdMarker: lastId }),
        Uploads: page.map(([UploadId, { key, initiated }]) => ({
          UploadId,
          Key: key,
          Initiated: new Date(initiated),
          StorageClass: 'STANDARD',
        })),
      }
    },
  }
}

/** @throws AwsError MalformedXML, InvalidPart, InvalidPartOrder, EntityTooSmall */
function chooseParts(wanted: any[], partOf: (number: number) => Part | undefined): Part[] {
  if (wanted.length === 0)
    throw new AwsError(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
      {},
      400,
    )
  if (wanted.some(({ PartNumber }, index) => index > 0 && PartNumber <= wanted[index - 1].PartNumber))
    throw new AwsError(
      'InvalidPartOrder',
      'The list of parts was not in ascending order. The parts list must be specified in order by part number.',
      {},
      400,
    )
  return wanted.map(({ PartNumber, ETag, ...rest }, index) => {
    const part = partOf(PartNumber)
    const sums = Object.entries(checksumsOf(rest))
    const agrees = sums.every(([name, value]) => (part?.checksums[name] ?? value) === value)
    if (!part || part.etag !== String(ETag ?? '').replaceAll('"', '') || !agrees)
      throw new AwsError(
        'InvalidPart',
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { PartNumber: String(PartNumber), ETag },
        400,
      )
    if (part.size < smallestPart && index < wanted.length - 1)
      throw new AwsError(
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
        { ProposedSize: String(part.size), MinSizeAllowed: String(smallestPart), PartNumber: String(PartNumber) },
        400,
      )
    return part
  })
}

/** Puts the files together and gives the CRC32 of it all. The parts stay: a crash here leaves the upload as it was. */
async function concatenate(files: string[], target: string): Promise<number> {
  let crc = 0
  for (const [index, file] of files.entries()) {
    const sum = new Transform({
      transform(chunk, _encoding, done) {
        crc = crc32(chunk, crc)
        done(null, chunk)
      },
    })
    const output = createWriteStream(target, { flags: index === 0 ? 'w' : 'a' })
    await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), sum, output)
  }
  return crc
}

function refuseOtherChecksum(input: any, computed: Record<string, string>, staged: string) {
  for (const [name, value] of Object.entries(checksumsOf(input))) {
    if (computed[name] === undefined || computed[name].split('-')[0] === value.split('-')[0]) continue
    rmSync(staged, { force: true })
    throw new AwsError(
      'BadDigest',
      `The ${name.slice('Checksum'.length).toLowerCase()} you specified did not match the calculated checksum.`,
      {},
      400,
    )
  }
}

function checkPartNumber(number: number) {
  if (Number.isInteger(number) && number >= 1 && number <= 10_000) return
  throw new AwsError(
    'InvalidArgument',
    'Part number must be an integer between 1 and 10000, inclusive',
    { ArgumentName: 'partNumber', ArgumentValue: String(number) },
    400,
  )
}
