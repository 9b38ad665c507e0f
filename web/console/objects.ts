/** Buckets, prefixes and objects. */
import { useEffect, useState } from 'preact/hooks'
import { type Listing, listBuckets, listObjects, objectUrl } from './aws.ts'
import { size } from './format.ts'
import { html } from './html.ts'

export function ObjectsPage({ bucket, prefix }: { bucket: string | undefined; prefix: string }) {
  const [buckets, setBuckets] = useState<string[]>()
  const [listing, setListing] = useState<Listing>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    setProblem('')
    setListing(undefined)
    const failed = (error: Error) => setProblem(error.message)
    if (bucket) listObjects(bucket, prefix).then(setListing, failed)
    else listBuckets().then(setBuckets, failed)
  }, [bucket, prefix])
  if (problem) return html`<p class="problem" role="alert">${problem}</p>`
  if (!bucket) {
    return html`<section><h1>Buckets</h1><ul>${buckets?.map((name) => html`<li><a href=${`#/s3/${name}/`}>${name}</a></li>`)}</ul></section>`
  }
  const parts = prefix.split('/').filter(Boolean)
  const link = (to: string) => `#/s3/${bucket}/${to.split('/').map(encodeURIComponent).join('/')}`
  return html`<section>
    <h1><a href="#/s3">S3</a> / <a href=${link('')}>${bucket}</a>${parts.map(
      (part, index) => html` / <a href=${link(`${parts.slice(0, index + 1).join('/')}/`)}>${part}</a>`,
    )}</h1>
    ${
      !listing
        ? html`<p class="note">Loading…</p>`
        : html`<table><thead><tr><th>Name</th><th class="number">Size</th><th>Modified</th></tr></thead><tbody>
        ${listing.folders.map((folder) => html`<tr><td><a href=${link(folder)}>${folder.slice(prefix.length)}</a></td><td></td><td></td></tr>`)}
        ${listing.objects.map(
          (
            object,
          ) => html`<tr><td><a href=${objectUrl(bucket, object.key)} target="_blank" rel="noopener">${object.key.slice(prefix.length)}</a></td>
            <td class="number">${size(object.size)}</td><td>${new Date(object.modified).toLocaleString()}</td></tr>`,
        )}</tbody></table>
        ${listing.folders.length + listing.objects.length === 0 && html`<p class="note">Nothing is here.</p>`}
        ${listing.truncated && html`<p class="note">Only the first 1,000 are shown.</p>`}`
    }
  </section>`
}
