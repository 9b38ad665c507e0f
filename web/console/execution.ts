/** One execution: its graph, what the picked state got and gave, and every event. */
import type { ElkNode } from 'elkjs/lib/elk.bundled.js'
import { useEffect, useState } from 'preact/hooks'
import { call } from './aws.ts'
import { clock, duration, pretty } from './format.ts'
import { type Flow, Graph, layOut } from './graph.ts'
import { type HistoryEvent, type StateRun, statesOf } from './history.ts'
import { html } from './html.ts'
import { usePoll } from './poll.ts'

interface Execution {
  executionArn: string
  stateMachineArn: string
  name: string
  status: string
  startDate: number
  stopDate?: number
  input?: string
  output?: string
  error?: string
  cause?: string
}

async function load(executionArn: string): Promise<{ execution: Execution; events: HistoryEvent[] }> {
  const execution = await call<Execution>('states', 'DescribeExecution', { executionArn })
  const events: HistoryEvent[] = []
  let nextToken: string | undefined
  do {
    const input = { executionArn, maxResults: 1000, includeExecutionData: true, ...(nextToken && { nextToken }) }
    const page = await call<{ events: HistoryEvent[]; nextToken?: string }>('states', 'GetExecutionHistory', input)
    events.push(...page.events)
    nextToken = page.nextToken
  } while (nextToken)
  return { execution, events }
}

export function ExecutionPage({ executionArn }: { executionArn: string }) {
  const { value, error } = usePoll(
    () => load(executionArn),
    ({ execution }) => execution.status === 'RUNNING',
    1000,
    executionArn,
  )
  const [picture, setPicture] = useState<ElkNode>()
  const [trouble, setTrouble] = useState('')
  const [picked, setPicked] = useState<string>()
  useEffect(() => {
    call<{ definition: string }>('states', 'DescribeStateMachineForExecution', { executionArn })
      .then(({ definition }) => layOut(JSON.parse(definition) as Flow))
      .then(setPicture, (problem: Error) => setTrouble(problem.message))
  }, [executionArn])
  if (!value) return html`<p class="note">${error ? error.message : 'Loading…'}</p>`
  const { execution, events } = value
  const runs = statesOf(events, execution.status)
  // What failed is what people come for.
  const shown = picked ?? [...runs.values()].find((run) => run.status === 'failed')?.name
  return html`<section class="title">
      <h1>${execution.name}</h1>
      <p><span class=${`badge ${execution.status}`}>${execution.status}</span>
        ${' '}${clock(execution.startDate)} · ${duration((execution.stopDate ?? Date.now() / 1000) - execution.startDate)}
        <${Actions} execution=${execution} /></p>
      ${execution.error && html`<p class="problem" role="alert"><strong>${execution.error}</strong> ${pretty(execution.cause)}</p>`}
    </section>
    <div class="columns">
      <section>${picture ? html`<${Graph} picture=${picture} runs=${runs} picked=${shown} onPick=${setPicked} />` : html`<p class="note">${trouble ? `The graph cannot be drawn: ${trouble}` : 'Drawing…'}</p>`}</section>
      <section class="details">${shown ? html`<${Details} name=${shown} run=${runs.get(shown)} />` : html`<${Whole} execution=${execution} />`}</section>
    </div>
    <${Events} events=${events} start=${execution.startDate} />`
}

function Actions({ execution }: { execution: Execution }) {
  const [problem, setProblem] = useState('')
  const act = (operation: string) => async () => {
    try {
      await call('states', operation, { executionArn: execution.executionArn })
      location.reload()
    } catch (error) {
      setProblem((error as Error).message)
    }
  }
  return html`${execution.status === 'RUNNING' && html`<button class="quiet" onClick=${act('StopExecution')}>Stop</button>`}
    ${['FAILED', 'ABORTED', 'TIMED_OUT'].includes(execution.status) && html`<button class="quiet" onClick=${act('RedriveExecution')}>Redrive</button>`}
    ${problem && html`<span class="problem" role="alert">${problem}</span>`}`
}

function Whole({ execution }: { execution: Execution }) {
  return html`<h2>Execution</h2><p class="note">Press a state of the graph to see its input and output.</p>
    <${Text} title="Input" text=${execution.input} /><${Text} title="Output" text=${execution.output} />`
}

function Details({ name, run }: { name: string; run: StateRun | undefined }) {
  if (!run) return html`<h2>${name}</h2><p class="note">Not entered.</p>`
  const seconds = run.lastExited === undefined ? undefined : run.lastExited - run.firstEntered
  return html`<h2>${name}</h2>
    <p><span class=${`badge ${run.status}`}>${run.status}</span> ${seconds !== undefined && duration(seconds)}
      ${run.entered > 1 && html` · entered ${run.entered} times`} ${run.attempts > run.entered && html` · ${run.attempts - run.entered} retries`}</p>
    ${run.error && html`<p class="problem"><strong>${run.error}</strong></p>`}
    <${Text} title="Cause" text=${run.cause} /><${Text} title="Input" text=${run.input} /><${Text} title="Output" text=${run.output} />`
}

function Text({ title, text }: { title: string; text: string | undefined }) {
  if (!text) return null
  return html`<details open><summary>${title}</summary><pre>${pretty(text)}</pre></details>`
}

function Events({ events, start }: { events: HistoryEvent[]; start: number }) {
  return html`<section><h2>Events (${events.length})</h2><table>
    <thead><tr><th class="number">Id</th><th>Type</th><th>State</th><th class="number">After</th><th>Details</th></tr></thead>
    <tbody>${events.map((event) => {
      const details = Object.entries(event).find(([key]) => key.endsWith('EventDetails'))?.[1]
      const name = details?.name ?? ''
      const rest = details && JSON.stringify(details, (key, value) => (key === 'name' ? undefined : value))
      return html`<tr class=${/Failed|TimedOut|Aborted/.test(event.type) ? 'bad' : ''}>
        <td class="number">${event.id}</td><td>${event.type}</td><td>${name}</td>
        <td class="number">${duration(event.timestamp - start)}</td>
        <td>${rest && rest !== '{}' && html`<details><summary>${rest.slice(0, 80)}</summary><pre>${pretty(rest)}</pre></details>`}</td>
      </tr>`
    })}</tbody></table></section>`
}
