/** Counts lines in what streams by. */
import { Transform } from 'node:stream'

const LF = 0x0a

/** Passes bytes through; `lines` counts them, a last line without its LF too. */
export class LineCounter extends Transform {
  #ended = 0
  #open = false

  get lines(): number {
    return this.#ended + (this.#open ? 1 : 0)
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, at + 1)) this.#ended++
    if (chunk.length > 0) this.#open = chunk[chunk.length - 1] !== LF
    done(null, chunk)
  }
}
