/**
 * Request bodies as the SDKs send them: plain, or aws-chunked with checksum trailers
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html). Checksums are verified on the way.
 */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream'
import { crc32 } from 'node:zlib'
import { Crc32cNode, Crc64Nvme } from '@aws-sdk/checksums/crc'
import { AwsError } from './aws-error.ts'

/** A chunk's head line is a size and an extension; anything longer is no chunk. */
const MAX_LINE_BYTES = 16 * 1024
const CRLF = '\r\n'

/** `size;ext\r\n bytes\r\n … 0\r\n name:value\r\n \r\n` → bytes; the trailers are there at the end. */
export class AwsChunkedDecoder extends Transform {
  readonly trailers: Record<string, string> = {}
  #line: Buffer = Buffer.alloc(0)
  /** Bytes left of the current chunk; -1 before the first. */
  #left = -1
  #state: 'head' | 'data' | 'data-end' | 'trailers' | 'done' = 'head'

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    const problem = this.#decode(this.#line.length > 0 ? Buffer.concat([this.#line, chunk]) : chunk)
    done(problem ? incomplete(problem) : null)
  }

  override _flush(done: TransformCallback): void {
    done(this.#state === 'done' || this.#state === 'trailers' ? null : incomplete('the last chunk is missing'))
  }

  /** Returns what is wrong with the bytes, if anything is. */
  #decode(bytes: Buffer): string | undefined {
    let rest = bytes
    this.#line = Buffer.alloc(0)
    while (rest.length > 0) {
      if (this.#state === 'data') {
        const part = rest.subarray(0, this.#left)
        this.push(part)
        this.#left -= part.length
        rest = rest.subarray(part.length)
        if (this.#left === 0) this.#state = 'data-end'
        continue
      }
      const end = rest.indexOf(CRLF)
      if (end < 0) {
        this.#line = Buffer.from(rest)
        return rest.length > MAX_LINE_BYTES ? 'a chunk header is longer than 16 KiB' : undefined
      }
      const problem = this.#take(rest.subarray(0, end).toString('latin1'))
      if (problem) return problem
      rest = rest.subarray(end + CRLF.length)
    }
    return undefined
  }

  #take(line: string): string | undefined {
    if (this.#state === 'data-end') {
      if (line !== '') return 'a chunk is longer than its header says'
      this.#state = 'head'
    } else if (this.#state === 'head') {
      const size = /^([0-9a-f]{1,8})(;.*)?$/i.exec(line)
      if (!size) return `"${line.slice(0, 40)}" is no chunk header`
      this.#left = Number.parseInt(size[1]!, 16)
      this.#state = this.#left === 0 ? 'trailers' : 'data'
    } else if (this.#state === 'trailers') {
      const at = line.indexOf(':')
      if (at > 0) this.trailers[line.slice(0, at).toLowerCase()] = line.slice(at + 1).trim()
      else if (line === '') this.#state = 'done'
    }
    return undefined
  }
}

function incomplete(problem: string): AwsError {
  return new AwsError('IncompleteBody', `The request body is not aws-chunked as its headers say: ${problem}.`)
}

interface Digest {
  update(bytes: Buffer): void
  base64(): Promise<string> | string
}

const CRC32_BYTES = 4

const digests: Record<string, () => Digest> = {
  'x-amz-checksum-crc32': () => {
    let crc = 0
    return {
      update: (bytes) => {
        crc = crc32(bytes, crc)
      },
      base64: () => {
        const bytes = Buffer.alloc(CRC32_BYTES)
        bytes.writeUInt32BE(crc >>> 0)
        return bytes.toString('base64')
      },
    }
  },
  'x-amz-checksum-crc32c': () => fromAwsHash(new Crc32cNode()),
  'x-amz-checksum-crc64nvme': () => fromAwsHash(new Crc64Nvme()),
  'x-amz-checksum-sha1': () => fromNodeHash('sha1'),
  'x-amz-checksum-sha256': () => fromNodeHash('sha256'),
  'content-md5': () => fromNodeHash('md5'),
}

function fromNodeHash(algorithm: string): Digest {
  const hash = createHash(algorithm)
  return { update: (bytes) => void hash.update(bytes), base64: () => hash.digest('base64') }
}

function fromAwsHash(hash: { update(bytes: Uint8Array): void; digest(): Promise<Uint8Array> }): Digest {
  return {
    update: (bytes) => hash.update(bytes),
    base64: async () => Buffer.from(await hash.digest()).toString('base64'),
  }
}

/** Passes bytes on, and fails at the end with BadDigest if a checksum in headers or trailers differs from the bytes. */
export class ChecksumVerifier extends Transform {
  /** The checksums that were announced and hold, by header name; complete when the stream has ended. */
  readonly checksums: Record<string, string> = {}
  #digests: [header: string, digest: Digest][]
  #announced: () => Record<string, unknown>

  constructor(headers: IncomingHttpHeaders, trailers: () => Record<string, string>) {
    super()
    const inTrailer = String(headers['x-amz-trailer'] ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
    const names = new Set([...Object.keys(headers), ...inTrailer])
    this.#digests = [...names].filter((name) => digests[name]).map((name) => [name, digests[name]!()])
    this.#announced = () => ({ ...headers, ...trailers() })
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    for (const [, digest] of this.#digests) digest.update(chunk)
    done(null, chunk)
  }

  override _flush(done: TransformCallback): void {
    this.#verify().then(
      () => done(),
      (error) => done(error),
    )
  }

  async #verify(): Promise<void> {
    for (const [name, digest] of this.#digests) {
      const value = await digest.base64()
      if (value !== this.#announced()[name]) {
        const algorithm = name.replace('x-amz-checksum-', '').toUpperCase()
        const message =
          name === 'content-md5'
            ? 'The Content-MD5 you specified did not match what we received.'
            : `The ${algorithm} you specified did not match the calculated checksum.`
        throw new AwsError('BadDigest', message)
      }
      this.checksums[name] = value
    }
  }
}

/** The body's own bytes, decoded and verified, as they come. Carries `checksums` when it has ended. */
export function bodyStream(
  message: Readable & { headers: IncomingHttpHeaders },
): Readable & { checksums: Record<string, string> } {
  const { headers } = message
  const chunked =
    String(headers['content-encoding'] ?? '').includes('aws-chunked') ||
    String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-')
  const decoder = chunked ? new AwsChunkedDecoder() : undefined
  const verifier = new ChecksumVerifier(headers, () => decoder?.trailers ?? {})
  // A failure reaches whoever reads the verifier; the callback only keeps it from being unhandled.
  const ignore = () => {}
  if (decoder) pipeline(message, decoder, verifier, ignore)
  else pipeline(message, verifier, ignore)
  return verifier
}

/** More than any operation takes that does not stream: InvokeEndpoint takes 25 MB, PutRecords 10 MiB before Base64. */
const MAX_BODY_BYTES = 32 * 1024 * 1024
const CONTENT_TOO_LARGE = 413

const tooLarge = () =>
  new AwsError(
    'RequestEntityTooLargeException',
    `Request must be smaller than ${MAX_BODY_BYTES} bytes.`,
    {},
    CONTENT_TOO_LARGE,
  )

/** The whole body. @throws AwsError RequestEntityTooLargeException without having read all of it */
export async function bodyBytes(
  message: Readable & { headers: IncomingHttpHeaders },
  verified: boolean,
): Promise<Buffer> {
  if (Number(message.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge()
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of verified ? bodyStream(message) : message) {
    bytes += (part as Buffer).length
    if (bytes > MAX_BODY_BYTES) throw tooLarge()
    parts.push(part as Buffer)
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}
