/** `model.tar.gz`: the network, the head and what both need to know, as POSIX ustar (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html). */

import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { AlgorithmError } from '../errors.ts'

const BLOCK = 512
const TYPE_FILE = '0'
/** A model has some 15 MB; what unpacks to more than this is none. */
const MOST_BYTES = 512 * 1024 ** 2

export async function pack(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (const [name, content] of Object.entries(files)) {
    const padding = (BLOCK - (content.length % BLOCK)) % BLOCK
    parts.push(header(name, content.length), content, Buffer.alloc(padding))
  }
  parts.push(Buffer.alloc(2 * BLOCK))
  return promisify(gzip)(Buffer.concat(parts), { level: 1 })
}

/** @throws AlgorithmError when the bytes are no such archive */
export async function unpack(archive: Uint8Array): Promise<Record<string, Buffer>> {
  let tar: Buffer
  try {
    tar = await promisify(gunzip)(archive, { maxOutputLength: MOST_BYTES })
  } catch (error) {
    throw new AlgorithmError(`model.tar.gz cannot be unpacked: ${(error as Error).message}`)
  }
  const files: Record<string, Buffer> = {}
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const name = text(tar, at, 100)
    const size = Number.parseInt(text(tar, at + 124, 12).trim(), 8)
    if (!Number.isInteger(size) || at + BLOCK + size > tar.length) {
      throw new AlgorithmError(`model.tar.gz is damaged: the entry "${name}" does not end.`)
    }
    if (text(tar, at + 156, 1) === TYPE_FILE)
      files[name.replace(/^\.\//, '')] = tar.subarray(at + BLOCK, at + BLOCK + size)
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}

/** Without times and owners: the same model makes the same bytes. */
function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 100)
  block.write('0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  block.write('00000000000\0', 136)
  block.write(' '.repeat(8), 148)
  block.write(TYPE_FILE, 156)
  block.write('ustar\0' + '00', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? length : end).toString()
}
