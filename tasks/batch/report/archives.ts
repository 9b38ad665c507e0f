/** The archives of an execution in its report: how many there were, and why some were rejected. */
import { escapeHtml, number } from '../../report/text.ts'
import type { ArchiveCounts } from '../archive/rejection.ts'

/** Before all else in the page: nobody is to overlook an archive of which nothing was loaded. */
export function archivesSection({ found, collected, unchanged, rejected }: ArchiveCounts): string {
  const sum = `<p class="soft">${number(found)} archives found: ${number(collected)} collected, ${number(unchanged)} unchanged, ${number(rejected.length)} rejected.</p>`
  if (rejected.length === 0) return sum
  const rows = rejected.map(({ quarter, name, error, reason, location, record }) => {
    const kept = [location, record].map((address) => `<code>${escapeHtml(address)}</code>`)
    return `<tr><td>${quarter}</td><td class="left">${escapeHtml(name)}</td><td class="left"><b>${escapeHtml(error)}</b> ${escapeHtml(reason)}<br>It lies at ${kept[0]}, with ${kept[1]}.</td></tr>`
  })
  return `${sum}
<h2 class="bad">Rejected archives</h2>
<p>Their quarters are as they were before. Put a whole archive in the place of each, or take it away, then start a new execution.</p>
<div class="wide"><table>
<thead><tr><th>quarter</th><th class="left">archive</th><th class="left">why</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>`
}
