/** Checksums of objects and of multipart uploads (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html). */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Members of the shapes by the header that carries them. */
const members: Record<string, string> = {
  'x-amz-checksum-crc32': 'ChecksumCRC32',
  'x-amz-checksum-crc32c': 'ChecksumCRC32C',
  'x-amz-checksum-crc64nvme': 'ChecksumCRC64NVME',
  'x-amz-checksum-sha1': 'ChecksumSHA1',
  'x-amz-checksum-sha256': 'ChecksumSHA256',
}
const names = Object.values(members)

/** What the gateway verified while the body was read: `checksums` of the body, by header name. */
export function verifiedChecksums(body: unknown): Record<string, string> {
  const verified = (body as { checksums?: Record<string, string> } | undefined)?.checksums ?? {}
  const checksums: Record<string, string> = {}
  for (const [header, value] of Object.entries(verified)) {
    const member = members[header.toLowerCase()]
    if (member) checksums[member] = value
  }
  return checksums
}

/** The checksum members that an input or a row carries. */
export function checksumsOf(shape: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    names.filter((name) => typeof shape[name] === 'string').map((name) => [name, shape[name] as string]),
  )
}

/**
 * The COMPOSITE checksum of a multipart upload: the checksum of the parts' checksums, then `-n`.
 * Undefined where a part has none, or for algorithms that Node has no code for (CRC32C, CRC64NVME).
 */
export function compositeChecksums(parts: Record<string, string>[]): Record<string, string> {
  const composite: Record<string, string> = {}
  for (const [name, digest] of Object.entries(digests)) {
    const values = parts.map((part) => part[name])
    if (values.length === 0 || values.some((value) => value === undefined)) continue
    composite[name] = `${digest(Buffer.concat(values.map((value) => Buffer.from(value!, 'base64'))))}-${values.length}`
  }
  return composite
}

const digests: Record<string, (data: Buffer) => string> = {
  ChecksumCRC32: (data) => crc32InBase64(crc32(data)),
  ChecksumSHA1: (data) => createHash('sha1').update(data).digest('base64'),
  ChecksumSHA256: (data) => createHash('sha256').update(data).digest('base64'),
}

export function crc32InBase64(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes.toString('base64')
}
