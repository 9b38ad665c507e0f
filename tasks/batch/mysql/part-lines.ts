/** The lines of a part of a file: a file is cut at any byte, and every line belongs to the part in which it begins. */

const LF = 0x0a
/** How much of a file is read at a time to find the end of a part's last line. */
const TAIL_BYTES = 64 * 1024

/** Bytes `from` to `to`, exclusive, of a file of `size` bytes. */
export interface FilePart {
  readonly from: number
  readonly to: number
  readonly size: number
}

/** Reads bytes `from` to `to`, exclusive, of the file; there is at least one. */
export type ReadBytes = (from: number, to: number) => Promise<AsyncIterable<Uint8Array>>

/** Cuts a file of `size` bytes into as few parts of about equal size as have at most `most` bytes each; no parts of an empty file. */
export function partsOf(size: number, most: number): FilePart[] {
  const count = Math.ceil(size / most)
  const cut = (i: number) => Math.floor((size * i) / count)
  return Array.from({ length: count }, (_, i) => ({ from: cut(i), to: cut(i + 1), size }))
}

/**
 * The whole lines that begin in the part, as bytes: the last one is read to its end, beyond the part if need be. Parts that cover a file
 * give each of its lines once, and none is given in pieces to two of them.
 */
export async function* linesOf({ from, to, size }: FilePart, read: ReadBytes): AsyncGenerator<Uint8Array> {
  if (from >= to) return
  // The byte before the part tells whether a line begins with the part.
  let begun = from === 0
  let open = false
  for await (const chunk of await read(begun ? 0 : from - 1, to)) {
    const bytes = begun ? chunk : chunk.subarray(chunk.indexOf(LF) + 1 || chunk.length)
    begun ||= chunk.includes(LF)
    if (bytes.length === 0) continue
    open = bytes[bytes.length - 1] !== LF
    yield bytes
  }
  for (let at = to; open && at < size; at += TAIL_BYTES) {
    for await (const chunk of await read(at, Math.min(size, at + TAIL_BYTES))) {
      if (!open) continue
      const end = chunk.indexOf(LF) + 1
      open = end === 0
      yield open ? chunk : chunk.subarray(0, end)
    }
  }
}
