/** The first page: every state machine with its newest executions, and the form that starts one. */
import { useState } from 'preact/hooks'
import { call } from './aws.ts'
import { clock, duration } from './format.ts'
import { html } from './html.ts'
import { usePoll } from './poll.ts'

interface Machine {
  stateMachineArn: string
  name: string
  type: string
}

interface Execution {
  executionArn: string
  name: string
  status: string
  startDate: number
  stopDate?: number
}

const NEWEST = 25

const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']

async function loadMachines(statusFilter: string) {
  const { stateMachines } = await call<{ stateMachines: Machine[] }>('states', 'ListStateMachines', { maxResults: 100 })
  return Promise.all(
    stateMachines.map(async (machine) => {
      if (machine.type === 'EXPRESS') return { machine, executions: [] }
      const input = {
        stateMachineArn: machine.stateMachineArn,
        maxResults: NEWEST,
        ...(statusFilter && { statusFilter }),
      }
      const { executions } = await call<{ executions: Execution[] }>('states', 'ListExecutions', input)
      return { machine, executions }
    }),
  )
}

export function MachinesPage() {
  const [status, setStatus] = useState('')
  const { value, error } = usePoll(
    () => loadMachines(status),
    () => true,
    2000,
    `machines ${status}`,
  )
  if (!value)
    return html`<p class="note">${error ? `The local cloud does not answer: ${error.message}` : 'Loading…'}</p>`
  if (value.length === 0) return html`<p class="note">There is no state machine yet.</p>`
  return html`<label class="inline filter">Show <select value=${status} onChange=${(event: any) => setStatus(event.target.value)}>
      <option value="">all executions</option>${STATUSES.map((one) => html`<option value=${one}>${one.toLowerCase().replace('_', ' ')}</option>`)}
    </select></label>
    ${value.map(
      ({ machine, executions }) => html`<section key=${machine.name}>
      <${StartForm} machine=${machine} />
      ${executions.length === 0 ? html`<p class="note">${status ? 'None.' : 'No execution yet.'}</p>` : html`<${Executions} executions=${executions} />`}
      ${executions.length === NEWEST && html`<p class="note">The newest ${NEWEST} are shown.</p>`}
    </section>`,
    )}`
}

function Executions({ executions }: { executions: Execution[] }) {
  const now = Date.now() / 1000
  return html`<table>
    <thead><tr><th>Execution</th><th>Status</th><th>Started</th><th class="number">Duration</th></tr></thead>
    <tbody>${executions.map(
      ({ executionArn, name, status, startDate, stopDate }) => html`<tr>
        <td><a href=${`#/execution/${encodeURIComponent(executionArn)}`}>${name}</a></td>
        <td><span class=${`badge ${status}`}>${status}</span></td>
        <td class="time">${clock(startDate)}</td>
        <td class="number">${duration((stopDate ?? now) - startDate)}</td>
      </tr>`,
    )}</tbody>
  </table>`
}

function StartForm({ machine }: { machine: Machine }) {
  const [open, setOpen] = useState(false)
  const [input, setInput] = useState('{}')
  const [problem, setProblem] = useState('')
  const start = async (event: Event) => {
    event.preventDefault()
    try {
      const answer = await call<{ executionArn: string }>('states', 'StartExecution', {
        stateMachineArn: machine.stateMachineArn,
        input,
      })
      location.hash = `#/execution/${encodeURIComponent(answer.executionArn)}`
    } catch (error) {
      setProblem((error as Error).message)
    }
  }
  const heading = html`<h2>${machine.name}</h2>`
  if (!open) {
    return html`<div class="row">${heading}<button class="quiet end" onClick=${() => setOpen(true)}>Start execution…</button></div>`
  }
  return html`${heading}<form onSubmit=${start}>
    <label>Input (JSON)<textarea rows="4" value=${input} onInput=${(event: any) => setInput(event.target.value)}></textarea></label>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <button>Start</button> <button type="button" class="quiet" onClick=${() => setOpen(false)}>Cancel</button>
  </form>`
}
