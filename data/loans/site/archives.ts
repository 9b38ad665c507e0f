/** The zip files of a folder, as the site lists and sends them. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ListedArchive } from './pages.ts'

// What the site calls a file: no slash, nothing that starts with a dot.
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*\.zip$/

export class Archives {
  readonly #folder: string
  /** Checksums of files that have not changed since: reading them again would take as long as sending them. */
  readonly #checksums = new Map<string, { size: number; mtimeMs: number; sha256: string }>()

  constructor(folder: string) {
    this.#folder = path.resolve(folder)
  }

  /** All archives, by name. */
  async list(): Promise<ListedArchive[]> {
    const names = (await readdir(this.#folder)).filter((name) => NAME.test(name)).sort()
    const archives: ListedArchive[] = []
    for (const name of names) {
      const archive = await this.find(name)
      if (archive) archives.push(archive)
    }
    return archives
  }

  /** One archive; undefined when the folder has no file of this name. */
  async find(name: string): Promise<(ListedArchive & { path: string }) | undefined> {
    if (!NAME.test(name)) return undefined
    const file = path.join(this.#folder, name)
    const found = await stat(file).catch(() => undefined)
    if (!found?.isFile()) return undefined
    const { size, mtimeMs, mtime } = found
    let known = this.#checksums.get(name)
    if (known?.size !== size || known.mtimeMs !== mtimeMs) {
      known = { size, mtimeMs, sha256: await checksum(file) }
      this.#checksums.set(name, known)
    }
    return { name, path: file, size, modified: mtime.toUTCString(), sha256: known.sha256 }
  }

  /** Answers a GET or HEAD of an archive, whole or one range of it. @see https://www.rfc-editor.org/rfc/rfc9110#section-14 */
  async send(
    archive: ListedArchive & { path: string },
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const etag = `"${archive.sha256}"`
    response.setHeader('ETag', etag)
    response.setHeader('Last-Modified', archive.modified)
    response.setHeader('Accept-Ranges', 'bytes')
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end()
      return
    }
    const validator = request.headers['if-range']
    const whole = validator !== undefined && validator !== etag && validator !== archive.modified
    const range = whole ? undefined : parseRange(request.headers.range, archive.size)
    if (range === 'unsatisfiable') {
      response.writeHead(416, { 'Content-Range': `bytes */${archive.size}` }).end()
      return
    }
    const { start, end } = range ?? { start: 0, end: archive.size - 1 }
    response.writeHead(range ? 206 : 200, {
      'Content-Type': 'application/zip',
      'Content-Length': end - start + 1,
      'Content-Disposition': `attachment; filename="${archive.name}"`,
      ...(range && { 'Content-Range': `bytes ${start}-${end}/${archive.size}` }),
    })
    if (request.method === 'HEAD' || archive.size === 0) response.end()
    else await pipeline(createReadStream(archive.path, { start, end }), response)
  }
}

/** One byte range; undefined for none, and for forms that a server may ignore (several ranges, other units). */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 }
  }
  const start = Number(match[1])
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (match[2] !== '' && Number(match[2]) < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end }
}

async function checksum(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
