/** A quarter's files in the raw bucket: `<table>/layout=<layout>/quarter=<quarter>/<file>`. */
import type { Readable } from 'node:stream'
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { ArchiveCorrupt } from '../../errors.ts'
import type { Archive } from './archive.ts'
import type { DataFile } from './contents.ts'
import { LAYOUTS } from './layout.ts'
import { keysBelow, removeObjects, upload } from './objects.ts'

const s3 = new S3Client({})

export class RawQuarter {
  readonly #bucket: string
  readonly #archive: Archive

  constructor(bucket: string, archive: Archive) {
    this.#bucket = bucket
    this.#archive = archive
  }

  key({ table, layout, entry }: DataFile): string {
    return `${table}/layout=${layout}/quarter=${this.#archive.quarter}/${entry.fileName}`
  }

  /**
   * Uploads one file in parts; the object appears whole or not at all.
   * @returns bytes
   * @throws ArchiveCorrupt from the stream, or when S3 holds another size than the zip tells
   */
  async upload(file: DataFile, body: Readable, signal: AbortSignal): Promise<number> {
    const Key = this.key(file)
    const Metadata = { archive: this.#archive.name, checksum: this.#archive.checksum }
    await upload({ Bucket: this.#bucket, Key, Body: body, ContentType: 'text/plain', Metadata }, signal)
    const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket: this.#bucket, Key }))
    if (ContentLength !== file.entry.uncompressedSize) {
      throw new ArchiveCorrupt(
        `s3://${this.#bucket}/${Key} has ${ContentLength} bytes, but ${file.entry.fileName} of ${this.#archive.name} has ${file.entry.uncompressedSize}.`,
      )
    }
    return ContentLength
  }

  /**
   * Removes what an earlier release left under the quarter's prefixes, of whatever layout, so that a republished archive replaces
   * exactly its quarter.
   * @returns the removed keys
   */
  async keepOnly(files: readonly DataFile[]): Promise<string[]> {
    const keep = new Set(files.map((file) => this.key(file)))
    const old: string[] = []
    for (const table of ['origination', 'performance']) {
      for (const layout of LAYOUTS) {
        const prefix = `${table}/layout=${layout}/quarter=${this.#archive.quarter}/`
        for await (const keys of keysBelow(this.#bucket, prefix)) old.push(...keys.filter((key) => !keep.has(key)))
      }
    }
    await removeObjects(this.#bucket, old)
    return old
  }
}
