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

async function loadMachines() {
  const { stateMachines } = await call<{ stateMachines: Machine[] }>('states', 'ListStateMachines', { maxResults: 100 })
  return Promise.all(
    stateMachines.map(async (machine) => {
      if (machine.type === 'EXPRESS') return { machine, executions: [] }
      const input = { stateMachineArn: machine.stateMachineArn, maxResults: NEWEST }
      const { executions } = await call<{ executions: Execution[] }>('states', 'ListExecutions', input)
      return { machine, executions }
    }),
  )
}

export function MachinesPage() {
  const { value, error } = usePoll(loadMachines, () => true, 2000, 'machines')
  if (!value)
    return html`<p class="note">${error ? `The local cloud does not answer: ${error.message}` : 'Loading…'}</p>`
  if (value.length === 0) return html`<p class="note">There is no state machine yet.</p>`
  return value.map(
    ({ machine, executions }) => html`<section>
      <h2>${machine.name}</h2>
      <${StartForm} machine=${machine} />
      ${executions.length === 0 ? html`<p class="note">No execution yet.</p>` : html`<${Executions} executions=${executions} />`}
    </section>`,
  )
}

function Executions({ executions }: { executions: Execution[] }) {
  const now = Date.now() / 1000
  return html`<table>
    <thead><tr><th>Execution</th><th>Status</th><th>Started</th><th class="number">Duration</th></tr></thead>
    <tbody>${executions.map(
      ({ executionArn, name, status, startDate, stopDate }) => html`<tr>
        <td><a href=${`#/execution/${encodeURIComponent(executionArn)}`}>${name}</a></td>
        <td><span class=${`badge ${status}`}>${status}</span></td>
        <td>${clock(startDate)}</td>
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
  if (!open) return html`<button class="quiet" onClick=${() => setOpen(true)}>Start execution…</button>`
  return html`<form onSubmit=${start}>
    <label>Input (JSON)<textarea rows="4" value=${input} onInput=${(event: any) => setInput(event.target.value)}></textarea></label>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <button>Start</button> <button type="button" class="quiet" onClick=${() => setOpen(false)}>Cancel</button>
  </form>`
}
