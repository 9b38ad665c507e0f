/** Lists come in pages of fifty; the marker is where the next one begins. */
import { invalid } from './store.ts'

const SIZE = 50

export function page<T>(all: readonly T[], marker: string | undefined): { items: T[]; next: string | undefined } {
  const from = marker === undefined ? 0 : Number(Buffer.from(marker, 'base64url').toString())
  if (!Number.isInteger(from) || from < 0) throw invalid(`Marker '${marker}' is not valid.`)
  const next = from + SIZE
  return {
    items: all.slice(from, next),
    next: next < all.length ? Buffer.from(String(next)).toString('base64url') : undefined,
  }
}
