/** Feature vectors of pictures: the frozen network by onnxruntime, and a cache, because the same picture has the same features. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import type { InferenceSession } from 'onnxruntime-node'
import { FEATURES, GEM, SIDE } from '../backbone/convert.ts'
import { decode, PIXELS } from './pixels.ts'

/** Four at once would take 40 MB more, and a tenth less time. */
const BATCH = 2
/** Rows of 12.5 kB: half a gigabyte. */
const MAX_CACHED = 40_000

export class Backbone {
  readonly #session: InferenceSession
  readonly #ort: typeof import('onnxruntime-node')

  private constructor(ort: typeof import('onnxruntime-node'), session: InferenceSession) {
    this.#ort = ort
    this.#session = session
  }

  static async load(file: string, threads: number): Promise<Backbone> {
    const ort = await import('onnxruntime-node')
    const session = await ort.InferenceSession.create(file, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    })
    return new Backbone(ort, session)
  }

  /** @param pixels of one picture or several, one after the other. Gives FEATURES numbers a picture. */
  async features(pixels: Float32Array): Promise<Float32Array> {
    const count = pixels.length / PIXELS
    const input = new this.#ort.Tensor('float32', pixels, [count, 3, SIDE, SIDE])
    const { gem, e16 } = await this.#session.run({ input })
    const [first, second] = [gem!.data as Float32Array, e16!.data as Float32Array]
    const result = new Float32Array(count * FEATURES)
    for (let i = 0; i < count; i++) {
      result.set(first.subarray(i * GEM, (i + 1) * GEM), i * FEATURES)
      result.set(second.subarray(i * (FEATURES - GEM), (i + 1) * (FEATURES - GEM)), i * FEATURES + GEM)
    }
    return result
  }
}

/** Features by the hash of a file's bytes, in one SQLite file that several training jobs may share. */
export class FeatureCache {
  readonly #database: DatabaseSync

  /** @param network names the network: another one has other features */
  constructor(file: string, network: string) {
    this.#database = new DatabaseSync(file)
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 10000')
    this.#database.exec(
      'CREATE TABLE IF NOT EXISTS network (name TEXT); CREATE TABLE IF NOT EXISTS features (hash BLOB PRIMARY KEY, vector BLOB NOT NULL)',
    )
    const known = this.#database.prepare('SELECT name FROM network').get()?.name
    const rows = Number(this.#database.prepare('SELECT count(*) AS n FROM features').get()?.n ?? 0)
    if (known !== network || rows > MAX_CACHED) {
      this.#database.exec('DELETE FROM features; DELETE FROM network')
      this.#database.prepare('INSERT INTO network VALUES (?)').run(network)
    }
  }

  get(hash: Buffer): Float32Array | undefined {
    const row = this.#database.prepare('SELECT vector FROM features WHERE hash = ?').get(hash)
    const vector = row?.vector as Uint8Array | undefined
    return vector && new Float32Array(vector.buffer.slice(vector.byteOffset, vector.byteOffset + vector.byteLength))
  }

  put(rows: readonly { hash: Buffer; vector: Float32Array }[]): void {
    const insert = this.#database.prepare('INSERT OR REPLACE INTO features VALUES (?, ?)')
    this.#database.exec('BEGIN')
    for (const { hash, vector } of rows)
      insert.run(hash, Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength))
    this.#database.exec('COMMIT')
  }

  close(): void {
    this.#database.close()
  }
}

export interface Extraction {
  files: readonly string[]
  backbone: Backbone
  cache: FeatureCache
  signal: AbortSignal
  onProgress(done: number): void
}

/** The features of all files, row by row. @throws InferenceError naming the file that is no picture */
export async function extract({ files, backbone, cache, signal, onProgress }: Extraction): Promise<Float32Array> {
  const result = new Float32Array(files.length * FEATURES)
  let open: { row: number; hash: Buffer; pixels: Promise<Float32Array> }[] = []
  const flush = async () => {
    const batch = open
    open = []
    if (batch.length === 0) return
    const pixels = new Float32Array(batch.length * PIXELS)
    for (const [i, { pixels: decoded }] of batch.entries()) pixels.set(await decoded, i * PIXELS)
    const vectors = await backbone.features(pixels)
    cache.put(
      batch.map(({ row, hash }, i) => {
        const vector = vectors.slice(i * FEATURES, (i + 1) * FEATURES)
        result.set(vector, row * FEATURES)
        return { hash, vector }
      }),
    )
  }
  let pending = Promise.resolve()
  for (const [row, file] of files.entries()) {
    signal.throwIfAborted()
    const bytes = await readFile(file)
    const hash = createHash('sha256').update(bytes).digest()
    const known = cache.get(hash)
    if (known) result.set(known, row * FEATURES)
    else {
      const pixels = decode(bytes)
      // Awaited in its batch; a failure before that must not count as unhandled.
      pixels.catch(() => {})
      open.push({ row, hash, pixels })
    }
    if (open.length === BATCH) {
      // The next pictures are decoded while the network works on these.
      await pending
      pending = flush()
      pending.catch(() => {})
    }
    if (row % 100 === 99) onProgress(row + 1)
  }
  await pending
  await flush()
  return result
}
