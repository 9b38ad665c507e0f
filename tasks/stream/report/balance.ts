/** The balance as a drawing and a table: what came in, and where every record of it is. */
import { rect, svg } from '../../report/svg.ts'
import { escapeHtml, number } from '../../report/text.ts'
import type { Balance, Folder, StreamReport } from './model.ts'

const WIDTH = 880

interface Part {
  name: string
  kind: string
  records: number
  folder?: Folder
}

function partsOf({ transformed, errors, late, failed, dropped, onTheWay }: Balance): Part[] {
  const parts: Part[] = [
    { name: 'transformed', kind: 'users', records: transformed, folder: 'users' },
    { name: late === undefined ? 'errors and late' : 'errors', kind: 'errors', records: errors, folder: 'errors' },
    { name: 'late', kind: 'late', records: late ?? 0, folder: 'errors' },
    { name: 'failed', kind: 'failed', records: failed, folder: 'failed' },
    { name: 'dropped', kind: 'dropped', records: dropped },
    { name: 'on the way', kind: 'way', records: Math.max(0, onTheWay) },
  ]
  const always = late === undefined ? ['users', 'errors'] : ['users', 'errors', 'late']
  return parts.filter(({ kind, records }) => records > 0 || always.includes(kind))
}

/** One sentence: does it add up? */
export function verdict(balance: Balance): string {
  const { in: taken, onTheWay } = balance
  if (taken === 0) return '<p class="verdict soft">No record has come yet, or CloudWatch does not tell of it yet.</p>'
  const parts = partsOf(balance).filter(({ kind }) => kind !== 'way')
  const added = parts.map(({ name, records }) => `${number(records)} ${name}`).join(' + ')
  if (onTheWay === 0)
    return `<p class="verdict good">✓ Every record is accounted for: ${number(taken)} in = ${added}.</p>`
  if (onTheWay > 0)
    return `<p class="verdict">${number(taken)} in = ${added} + <b>${number(onTheWay)} on the way</b>: still in the stream, the application or a buffer of Firehose when this was written.</p>`
  return `<p class="verdict soft">CloudWatch is behind S3, where ${number(-onTheWay)} more records are than it has counted so far.</p>`
}

/** The parts as one bar, as long as what came in. A part that is there is seen, however small. */
export function balanceBar(balance: Balance): string {
  const [top, height, least] = [2, 30, 3]
  const parts = partsOf(balance).filter(({ records }) => records > 0)
  const total = parts.reduce((all, { records }) => all + records, 0)
  if (total === 0) return ''
  const wide = parts.map(({ records }) => Math.max(least, (records / total) * WIDTH))
  const scale = WIDTH / wide.reduce((all, width) => all + width, 0)
  let x = 0
  const drawn = parts.map(({ name, kind, records }, i) => {
    const width = (wide[i] ?? 0) * scale
    const part = `<g><title>${escapeHtml(name)}: ${number(records)}</title>${rect(x, top, Math.max(width - 1, 1), height, kind)}</g>`
    x += width
    return part
  })
  return svg(WIDTH, height + 2 * top, 'where the records are', drawn)
}

export function balanceTable({ balance, prefixes }: StreamReport): string {
  const row = (name: string, kind: string, records: number, where: string, objects = '') => {
    const share = kind === '' || balance.in === 0 ? '' : `${((records / balance.in) * 100).toFixed(1)} %`
    return `<tr><td><i class="${kind}"></i>${escapeHtml(name)}</td><td>${number(records)}</td><td>${share}</td><td>${objects}</td><td class="left"><code>${escapeHtml(where)}</code></td></tr>`
  }
  const rows = partsOf(balance).map(({ name, kind, records, folder }) => {
    if (folder === undefined) return row(name, kind, records, '')
    const { uri, objects } = prefixes[folder]
    return row(name, kind, records, below(uri), kind === 'late' ? '' : number(objects))
  })
  const { records, uri, objects } = prefixes.counts
  return `<div class="wide"><table class="balance">
<thead><tr><th></th><th>records</th><th>of all</th><th>objects</th><th class="left">where</th></tr></thead>
<tbody>${row('in', 'in', balance.in, 'the Kinesis stream')}${rows.join('\n')}</tbody>
<tfoot>${row('window counts', '', records, below(uri), number(objects))}</tfoot>
</table></div>
<p class="soft">All of them in <code>${escapeHtml(prefixes.users.uri.split('/', 3).join('/'))}</code>, by hour.</p>`
}

/** `stream/users/`: the bucket is the same everywhere. */
const below = (uri: string) => uri.split('/').slice(3).join('/')
