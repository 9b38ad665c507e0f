/** Small archives for tests, made by hand so that each can be wrong in its own way. */
import { buffer } from 'node:stream/consumers'
import yazl from 'yazl'

/** A zip of text files by name. */
export async function zipOf(files: Record<string, string>): Promise<Buffer> {
  const zip = new yazl.ZipFile()
  for (const [name, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text, 'latin1'), name)
  zip.end()
  return buffer(zip.outputStream as unknown as AsyncIterable<Uint8Array>)
}

/** Lines of so many fields. */
export function lines(fields: number, count = 5): string {
  return Array.from(
    { length: count },
    (_, i) => `${Array.from({ length: fields }, (_, f) => `${i}${f}`).join('|')}\n`,
  ).join('')
}

/** A whole archive of Release 47. */
export const r47 = (quarter: string, rows = 5) =>
  zipOf({ [`orig_${quarter}.txt`]: lines(31, rows), [`perf_${quarter}.txt`]: lines(35, rows) })
