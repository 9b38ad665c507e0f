/** Buckets, prefixes and objects. */
import { useEffect, useState } from 'preact/hooks'
import { type Listing, listBuckets, listObjects, objectPage } from './aws.ts'
import { size } from './format.ts'
import { html } from './html.ts'
import { ObjectPage } from './object.ts'

/** A prefix that ends in no slash is an object. */
export function ObjectsPage({ bucket, prefix }: { bucket: string | undefined; prefix: string }) {
  const isObject = prefix !== '' && !prefix.endsWith('/')
  if (!bucket) return html`<${Buckets} />`
  const parts = prefix.split('/').filter(Boolean)
  return html`<section>
    <h1><a href="#/s3">S3</a> / <a href=${objectPage(bucket, '')}>${bucket}</a>${parts.map((part, index) =>
      isObject && index === parts.length - 1
        ? html` / ${part}`
        : html` / <a href=${objectPage(bucket, `${parts.slice(0, index + 1).join('/')}/`)}>${part}</a>`,
    )}</h1>
    ${isObject ? html`<${ObjectPage} bucket=${bucket} objectKey=${prefix} />` : html`<${Folder} bucket=${bucket} prefix=${prefix} />`}
  </section>`
}

function Buckets() {
  const [buckets, setBuckets] = useState<string[]>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    listBuckets().then(setBuckets, (error: Error) => setProblem(error.message))
  }, [])
  return html`<section><h1>Buckets</h1>${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <ul>${buckets?.map((name) => html`<li><a href=${objectPage(name, '')}>${name}</a></li>`)}</ul></section>`
}

function Folder({ bucket, prefix }: { bucket: string; prefix: string }) {
  const [listing, setListing] = useState<Listing>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    setProblem('')
    setListing(undefined)
    listObjects(bucket, prefix).then(setListing, (error: Error) => setProblem(error.message))
  }, [bucket, prefix])
  if (problem) return html`<p class="problem" role="alert">${problem}</p>`
  if (!listing) return html`<p class="note">Loading…</p>`
  const { folders, objects, truncated } = listing
  if (folders.length + objects.length === 0) return html`<p class="note">Nothing is here.</p>`
  return html`<table><thead><tr><th>Name</th><th class="number">Size</th><th>Modified</th></tr></thead><tbody>
      ${folders.map((folder) => html`<tr><td><a href=${objectPage(bucket, folder)}>${folder.slice(prefix.length)}</a></td><td></td><td></td></tr>`)}
      ${objects.map(
        ({
          key,
          size: bytes,
          modified,
        }) => html`<tr><td><a href=${objectPage(bucket, key)}>${key.slice(prefix.length)}</a></td>
          <td class="number">${size(bytes)}</td><td>${new Date(modified).toLocaleString()}</td></tr>`,
      )}</tbody></table>
    ${truncated && html`<p class="note">Only the first 1,000 are shown.</p>`}`
}
