import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyStream } from '../../../local/gateway/body.ts'

function crc32Base64(bytes: Buffer): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum.toString('base64')
}

function chunked(parts: Buffer[], trailers: Record<string, string>): Buffer {
  const chunks = parts
    .filter((part) => part.length > 0)
    .map((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}\r\n`)
  return Buffer.concat([...chunks.flat(), Buffer.from(`0\r\n${lines.join('')}\r\n`)])
}

/** The bytes cut into pieces, as a socket may deliver them. */
function message(bytes: Buffer, cuts: number[], headers: Record<string, string>) {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  const pieces = [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length))
  return Object.assign(Readable.from(pieces.filter((piece) => piece.length > 0)), { headers })
}

async function read(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

const streaming = {
  'content-encoding': 'aws-chunked',
  'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'x-amz-trailer': 'x-amz-checksum-crc32',
}

describe('aws-chunked bodies', () => {
  it('decode to the same bytes however the socket cuts them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }),
        fc.array(fc.nat(3000)),
        async (parts, cuts) => {
          const buffers = parts.map((part) => Buffer.from(part))
          const whole = Buffer.concat(buffers)
          const bytes = chunked(buffers, { 'x-amz-checksum-crc32': crc32Base64(whole) })
          const stream = bodyStream(message(bytes, cuts, streaming))
          expect(await read(stream)).toEqual(whole)
          expect(stream.checksums['x-amz-checksum-crc32']).toBe(crc32Base64(whole))
        },
      ),
    )
  })

  it('fail with BadDigest when the trailer does not fit the bytes', async () => {
    const bytes = chunked([Buffer.from('hello')], { 'x-amz-checksum-crc32': 'AAAAAA==' })
    await expect(read(bodyStream(message(bytes, [], streaming)))).rejects.toMatchObject({
      name: 'BadDigest',
      message: 'The CRC32 you specified did not match the calculated checksum.',
    })
  })

  it('never hang or crash on bytes that are no chunks: they decode or fail with a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (junk) => {
        const headers = { 'content-encoding': 'aws-chunked' }
        const outcome = await read(bodyStream(message(Buffer.from(junk), [], headers))).catch((error) => error.name)
        expect(Buffer.isBuffer(outcome) || outcome === 'IncompleteBody').toBe(true)
      }),
    )
  })

  it('fail with IncompleteBody when the last chunk is missing', async () => {
    const bytes = chunked([Buffer.from('hello')], {}).subarray(0, 8)
    await expect(read(bodyStream(message(bytes, [3], streaming)))).rejects.toMatchObject({ name: 'IncompleteBody' })
  })
})

describe('checksums in headers', () => {
  it.each(['sha1', 'sha256'])('verify %s', async (algorithm) => {
    const bytes = Buffer.from('some bytes')
    const sum = createHash(algorithm).update(bytes).digest('base64')
    const good = bodyStream(message(bytes, [4], { [`x-amz-checksum-${algorithm}`]: sum }))
    expect(await read(good)).toEqual(bytes)
    const bad = bodyStream(message(Buffer.from('other bytes'), [4], { [`x-amz-checksum-${algorithm}`]: sum }))
    await expect(read(bad)).rejects.toMatchObject({ name: 'BadDigest' })
  })

  it('verify CRC-64/NVME, which the AWS CLI sends', async () => {
    const headers = { 'x-amz-checksum-crc64nvme': 'rosUhgp5mIg=' }
    expect(await read(bodyStream(message(Buffer.from('123456789'), [2], headers)))).toHaveLength(9)
    await expect(read(bodyStream(message(Buffer.from('12345678'), [2], headers)))).rejects.toMatchObject({
      name: 'BadDigest',
    })
  })
})
