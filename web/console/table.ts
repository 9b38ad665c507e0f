/** Rows of any width, which scroll sideways in their own frame. */
import { html } from './html.ts'

const NUMBER = /^(small|big|huge|tiny)?int|^integer|^numeric|^decimal|^float|^double|^real/i

export function Table({ columns, types, rows }: { columns: string[]; types: string[]; rows: unknown[][] }) {
  const kind = (index: number) => (NUMBER.test(types[index] ?? '') ? 'number' : '')
  return html`<div class="wide"><table>
    <thead><tr>${columns.map((column, index) => html`<th class=${kind(index)}>${column}<br /><small>${types[index]}</small></th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((cell, index) => html`<td class=${kind(index)}>${cellOf(cell)}</td>`)}</tr>`)}</tbody>
  </table></div>`
}

function cellOf(cell: unknown) {
  if (cell === null || cell === undefined) return html`<span class="null">NULL</span>`
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell)
}
