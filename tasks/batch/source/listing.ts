/** Reads the table of archives out of the portal's download page. */
import { TaskError } from '../../errors.ts'
import type { ListedFile } from './source.ts'

/**
 * The rows of `<table class="table1">`: a link, the size in bytes, the date, the SHA-256.
 *
 * @param page where the HTML came from, for the message
 * @throws SourcePageChanged when there is no such table, or a row is not of that form
 */
export function parseListing(html: string, page: string): ListedFile[] {
  const changed = (what: string) =>
    new TaskError(
      'SourcePageChanged',
      `${page} ${what}. The site's page has changed; mend tasks/batch/source/listing.ts.`,
    )

  const table = /<table[^>]*\bclass="table1"[^>]*>(.*?)<\/table>/is.exec(html)?.[1]
  if (table === undefined) throw changed('has no <table class="table1">')

  const files: ListedFile[] = []
  for (const [, row = ''] of table.matchAll(/<tr\b[^>]*>(.*?)<\/tr>/gis)) {
    const cells = [...row.matchAll(/<td\b[^>]*>(.*?)<\/td>/gis)].map(([, cell = '']) => cell.trim())
    if (cells.length === 0) continue
    const name = /<a\b[^>]*\bhref="([^"/]+)"/i.exec(cells[0] ?? '')?.[1]
    const [, size = '', , checksum = ''] = cells
    if (name === undefined || !/^\d+$/.test(size) || !/^[0-9a-f]{64}$/.test(checksum)) {
      throw changed(`has a row that is not link, size, date and SHA-256: "${text(row)}"`)
    }
    files.push({ name: decodeURIComponent(name), size: Number(size), checksum: `sha256:${checksum}` })
  }
  return files
}

const text = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 200)
