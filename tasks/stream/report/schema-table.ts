/** The schema that was found in live records, beside the one that the SQL reads. */
import { escapeHtml, number } from '../../report/text.ts'
import { expectedFields, type Field, type Schema } from '../schema/infer.ts'

export function schemaTables({ records, objects, fields }: Schema): string {
  const found = new Map(fields.map((field) => [field.path, field]))
  const read = Object.entries(expectedFields).map(([path, type]) => row(path, found.get(path), objects, type))
  const others = fields.filter(({ path }) => !(path in expectedFields)).map((field) => row(field.path, field, objects))
  const header =
    '<tr><th>field</th><th class="left">expected</th><th class="left">found</th><th class="left">may be missing</th><th class="left">a sample</th></tr>'
  const table = (rows: string[]) =>
    `<div class="wide"><table class="schema"><thead>${header}</thead><tbody>${rows.join('\n')}</tbody></table></div>`
  return `<p class="soft">Seen in ${number(records)} live records, ${number(objects)} of them JSON objects, before anything was set up behind the stream.</p>
${table(read)}
${others.length === 0 ? '' : `<details><summary>${number(others.length)} more fields, which the SQL does not read</summary>${table(others)}</details>`}`
}

function row(path: string, field: Field | undefined, objects: number, expected?: string): string {
  const types = Object.entries(field?.types ?? {}).sort(([, a], [, b]) => b - a)
  const says = types.map(([type, records]) => {
    const isOdd = expected !== undefined && type !== expected
    return `<span class="${isOdd ? 'odd' : ''}">${escapeHtml(type)} <span class="soft">${percent(records, objects)}</span></span>`
  })
  const fits = expected === undefined ? '' : (field?.types[expected] ?? 0) * 2 >= objects ? '✓ ' : '✗ '
  return `<tr><td><code>${escapeHtml(path)}</code></td><td class="left">${fits}${escapeHtml(expected ?? '')}</td><td class="left">${says.join(', ') || '<span class="odd">nowhere</span>'}</td><td class="left">${field?.nullable ? 'yes' : 'no'}</td><td class="left"><code>${escapeHtml(field?.sample ?? '')}</code></td></tr>`
}

function percent(part: number, whole: number): string {
  if (whole === 0) return ''
  const share = (part / whole) * 100
  return share > 0 && share < 1 ? '< 1 %' : `${share.toFixed(0)} %`
}
