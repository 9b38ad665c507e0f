/** JSON and other texts, with links to the S3 objects that they name. */
import { objectPage } from './aws.ts'
import { pretty } from './format.ts'
import { html } from './html.ts'

/** A part of a page that can be closed; nothing when there is no text. */
export function Text({ title, text }: { title: string; text: string | undefined }) {
  if (!text) return null
  return html`<details open><summary>${title}</summary><pre>${linked(pretty(text))}</pre></details>`
}

function linked(text: string): unknown[] {
  const parts: unknown[] = []
  let from = 0
  for (const match of text.matchAll(/s3:\/\/([a-z0-9][a-z0-9.-]+)\/([^\s"',;]*)/g)) {
    parts.push(text.slice(from, match.index), html`<a href=${objectPage(match[1]!, match[2]!)}>${match[0]}</a>`)
    from = match.index + match[0].length
  }
  return [...parts, text.slice(from)]
}
