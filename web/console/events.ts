/** Every event of an execution, as AWS records them; the failures alone, or those of one state. */
import { useState } from 'preact/hooks'
import { duration, pretty } from './format.ts'
import { detailsOf, type HistoryEvent } from './history.ts'
import { html } from './html.ts'

const PAGE = 200
const FAILURE = /Failed|TimedOut|Aborted/

export function Events(props: {
  events: HistoryEvent[]
  start: number
  nameOf: (event: HistoryEvent) => string
  picked: string | undefined
}) {
  const { events, start, nameOf, picked } = props
  const [which, setWhich] = useState('all')
  const [shown, setShown] = useState(PAGE)
  const wanted = events.filter(
    (event) => which === 'all' || (which === 'failures' ? FAILURE.test(event.type) : nameOf(event) === picked),
  )
  return html`<section class="events"><h2>Events (${wanted.length.toLocaleString()})</h2>
    <label class="inline">Show <select value=${which} onChange=${(event: any) => setWhich(event.target.value)}>
      <option value="all">all events</option><option value="failures">failures</option>
      ${picked && html`<option value="picked">events of ${picked}</option>`}
    </select></label>
    <table>
    <thead><tr><th class="number">Id</th><th>Type</th><th>State</th><th class="number">After</th><th>Details</th></tr></thead>
    <tbody>${wanted.slice(0, shown).map((event) => html`<${Row} key=${event.id} event=${event} name=${nameOf(event)} start=${start} />`)}</tbody></table>
    ${wanted.length > shown && html`<p><button class="quiet" onClick=${() => setShown(shown + 5 * PAGE)}>Show more of ${(wanted.length - shown).toLocaleString()} events</button></p>`}
  </section>`
}

function Row({ event, name, start }: { event: HistoryEvent; name: string; start: number }) {
  const details = detailsOf(event)
  const rest = details && JSON.stringify(details, (key, value) => (key === 'name' ? undefined : value))
  return html`<tr class=${FAILURE.test(event.type) ? 'bad' : ''}>
    <td class="number">${event.id}</td><td>${event.type}</td><td>${name}</td>
    <td class="number">${duration(event.timestamp - start)}</td>
    <td>${rest && rest !== '{}' && html`<details><summary>${rest.slice(0, 80)}</summary><pre>${pretty(rest)}</pre></details>`}</td>
  </tr>`
}
