/** One object of S3: what it is, and a look into it. */
import { useEffect, useState } from 'preact/hooks'
import { objectUrl, readObject } from './aws.ts'
import { pretty, size } from './format.ts'
import { html } from './html.ts'
import { Table } from './table.ts'

/** How much of an object is read for a look. */
const LOOK_BYTES = 64 * 1024
/** A picture is no picture in part. */
const PICTURE_BYTES = 8 * 1024 * 1024

type Look =
  | { kind: 'table'; columns: string[]; types: string[]; rows: unknown[][]; total: number }
  | { kind: 'text'; text: string; whole: boolean }
  | { kind: 'picture'; address: string }
  | { kind: 'none' }

interface Shown {
  size: number
  type: string
  modified: string
  look: Look
}

export function ObjectPage({ bucket, objectKey }: { bucket: string; objectKey: string }) {
  const [shown, setShown] = useState<Shown>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    setShown(undefined)
    setProblem('')
    load(bucket, objectKey).then(setShown, (error: Error) => setProblem(error.message))
  }, [bucket, objectKey])
  if (problem) return html`<p class="problem" role="alert">${problem}</p>`
  if (!shown) return html`<p class="note">Loading…</p>`
  return html`<p class="row"><span>${size(shown.size)} · ${shown.type} · ${new Date(shown.modified).toLocaleString()}</span>
      <a class="button" href=${objectUrl(bucket, objectKey)} target="_blank" rel="noopener">Open</a></p>
    <${Preview} look=${shown.look} />`
}

function Preview({ look }: { look: Look }) {
  if (look.kind === 'table') {
    const shown = look.rows.length < look.total ? `The first ${look.rows.length} of ` : ''
    return html`<p class="note">${shown}${look.total.toLocaleString()} rows, ${look.columns.length} columns</p>
      <${Table} columns=${look.columns} types=${look.types} rows=${look.rows} />`
  }
  if (look.kind === 'picture') return html`<img src=${look.address} alt="" />`
  if (look.kind === 'none') return html`<p class="note">This kind of file is not shown here.</p>`
  return html`${!look.whole && html`<p class="note">Its beginning:</p>`}<pre class="tall">${look.text || '(empty)'}</pre>`
}

async function load(bucket: string, key: string): Promise<Shown> {
  const { bytes, ...about } = await readObject(bucket, key, LOOK_BYTES)
  return { ...about, look: await lookInto(bucket, key, bytes, about) }
}

async function lookInto(
  bucket: string,
  key: string,
  bytes: Uint8Array,
  about: { size: number; type: string },
): Promise<Look> {
  const begins = (...magic: number[]) => magic.every((byte, index) => bytes[index] === byte)
  if (begins(0x50, 0x41, 0x52, 0x31)) return parquet(bucket, key)
  const picture = begins(0xff, 0xd8) ? 'image/jpeg' : begins(0x89, 0x50, 0x4e, 0x47) ? 'image/png' : undefined
  if (picture) {
    if (about.size > PICTURE_BYTES) return { kind: 'none' }
    const all = about.size > bytes.length ? (await readObject(bucket, key, PICTURE_BYTES)).bytes : bytes
    return { kind: 'picture', address: await dataAddress(all, picture) }
  }
  const text = begins(0x1f, 0x8b) ? await unzipped(bytes) : bytes
  if (text.includes(0)) return { kind: 'none' }
  const whole = about.size <= bytes.length && text.length < LOOK_BYTES
  const decoded = new TextDecoder().decode(text)
  return { kind: 'text', text: whole && /\.json$/.test(key) ? pretty(decoded) : decoded, whole }
}

async function parquet(bucket: string, key: string): Promise<Look> {
  const response = await fetch(`parquet?${new URLSearchParams({ bucket, key })}`)
  if (!response.ok) throw new Error(await response.text())
  return { kind: 'table', ...(await response.json()) }
}

/** As much of a gzip's beginning as can be had. */
async function unzipped(bytes: Uint8Array): Promise<Uint8Array> {
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('gzip'))
    .getReader()
  const parts: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  try {
    for (let part = await reader.read(); !part.done && length < LOOK_BYTES; part = await reader.read()) {
      parts.push(part.value as Uint8Array<ArrayBuffer>)
      length += part.value.length
    }
  } catch {
    // What was read is a part of the file, so its end is missing.
  }
  return new Uint8Array(await new Blob(parts).slice(0, LOOK_BYTES).arrayBuffer())
}

function dataAddress(bytes: Uint8Array, type: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }))
  })
}
