/** One execution: its graph, what the picked state got, gave and logged, and every event. */
import type { ElkNode } from 'elkjs/lib/elk.bundled.js'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { call, objectUrl } from './aws.ts'
import { Events } from './events.ts'
import { clock, duration, pretty } from './format.ts'
import { type Flow, Graph, layOut } from './graph.ts'
import { History, type StateRun, statesOf, type Visit } from './history.ts'
import { html } from './html.ts'
import { Logs } from './logs.ts'
import { usePoll } from './poll.ts'
import { Text } from './text.ts'

interface Execution {
  executionArn: string
  stateMachineArn: string
  name: string
  status: string
  startDate: number
  stopDate?: number
  redriveCount?: number
  input?: string
  output?: string
  error?: string
  cause?: string
}

export function ExecutionPage({ executionArn }: { executionArn: string }) {
  const history = useMemo(() => new History(executionArn), [executionArn])
  const load = async () => {
    // Asked first: a history read after the end is a whole one.
    const execution = await call<Execution>('states', 'DescribeExecution', { executionArn })
    await history.read()
    return { execution, ...statesOf(history.events, execution.status) }
  }
  const [acted, setActed] = useState(0)
  const { value, error } = usePoll(
    load,
    ({ execution }) => execution.status === 'RUNNING',
    1000,
    `${executionArn} ${acted}`,
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
  const { execution, runs, nameOf } = value
  // What failed is what people come for: the task, rather than the Map or Parallel around it.
  const failed = [...runs.values()].filter((run) => run.status === 'failed')
  const shown = picked ?? (failed.find(({ visits }) => visits.some((visit) => visit.error)) ?? failed.at(-1))?.name
  return html`<section class="title">
      <p class="path"><a href="#/">Executions</a> / ${execution.stateMachineArn.split(':').at(-1)}</p>
      <h1>${execution.name}</h1>
      <p class="row"><span class=${`badge ${execution.status}`}>${execution.status}</span>
        <span>${clock(execution.startDate)} · ${duration((execution.stopDate ?? Date.now() / 1000) - execution.startDate)}${(execution.redriveCount ?? 0) > 0 && ` · redriven ${execution.redriveCount}×`}</span>
        <${Actions} execution=${execution} report=${reportOf(execution.output ?? runs.get('Report')?.visits.at(-1)?.output)} onActed=${() => setActed(acted + 1)} /></p>
      ${execution.error && html`<p class="problem" role="alert"><strong>${execution.error}</strong> ${pretty(execution.cause)}</p>`}
    </section>
    <div class="columns">
      <section>${picture ? html`<${Graph} picture=${picture} runs=${runs} picked=${shown} onPick=${setPicked} />` : html`<p class="note">${trouble ? `The graph cannot be drawn: ${trouble}` : 'Drawing…'}</p>`}</section>
      <section class="details">${shown ? html`<${Details} key=${shown} name=${shown} run=${runs.get(shown)} onClose=${() => setPicked('')} />` : html`<${Whole} execution=${execution} />`}</section>
    </div>
    <${Events} events=${history.events} start=${execution.startDate} nameOf=${nameOf} picked=${shown} />`
}

interface Report {
  bucket: string
  key: string
}

/** The report that an execution names in its output, or, when it failed after it had written one, the state that did. */
function reportOf(output = ''): Report | undefined {
  const [, bucket, key] = /s3:\/\/([^/"]+)\/([^"]+\.html)/.exec(output) ?? []
  return bucket && key ? { bucket, key } : undefined
}

function Actions({
  execution,
  report,
  onActed,
}: {
  execution: Execution
  report: Report | undefined
  onActed: () => void
}) {
  const { executionArn, stateMachineArn, status, input = '{}' } = execution
  const [problem, setProblem] = useState('')
  const act = (action: () => Promise<void>) => () => {
    setProblem('')
    action().catch((error: Error) => setProblem(error.message))
  }
  const ask = (operation: string) =>
    act(async () => {
      await call('states', operation, { executionArn })
      onActed()
    })
  const again = act(async () => {
    const started = await call<{ executionArn: string }>('states', 'StartExecution', { stateMachineArn, input })
    location.hash = `#/execution/${encodeURIComponent(started.executionArn)}`
  })
  return html`${report && html`<a class="button" href=${objectUrl(report.bucket, report.key)} target="_blank" rel="noopener">Report</a>`}
    ${status === 'RUNNING' && html`<button class="quiet" onClick=${ask('StopExecution')}>Stop</button>`}
    ${['FAILED', 'ABORTED', 'TIMED_OUT'].includes(status) && html`<button class="quiet" onClick=${ask('RedriveExecution')}>Redrive</button>`}
    ${status !== 'RUNNING' && html`<button class="quiet" onClick=${again}>Start again with this input</button>`}
    ${problem && html`<span class="problem" role="alert">${problem}</span>`}`
}

function Whole({ execution }: { execution: Execution }) {
  return html`<h2>Execution</h2><p class="note">Press a state of the graph to see its input, output and logs.</p>
    <${Text} title="Input" text=${execution.input} /><${Text} title="Output" text=${execution.output} />`
}

function Details({ name, run, onClose }: { name: string; run: StateRun | undefined; onClose: () => void }) {
  const visits = run?.visits ?? []
  // Of many items, what failed is looked for first.
  const failed = visits.findIndex((visit) => visit.status === 'failed')
  const [index, setIndex] = useState(Math.max(failed, 0))
  const visit = visits[index]
  const heading = html`<div class="row"><h2>${name}</h2><button class="quiet end" onClick=${onClose}>Whole execution</button></div>`
  if (!visit) return html`${heading}<p class="note">Not entered.</p>`
  return html`${heading}
    ${visits.length > 1 && html`<${Visits} visits=${visits} index=${index} onChange=${setIndex} />`}
    <p><span class=${`badge ${visit.status}`}>${visit.status}</span> ${visit.exited !== undefined && duration(visit.exited - visit.entered)}
      ${visit.attempts > 1 && html` · ${visit.attempts} attempts`}</p>
    ${visit.error && html`<p class="problem"><strong>${visit.error}</strong></p>`}
    <${Text} title="Cause" text=${visit.cause} /><${Text} title="Input" text=${visit.input} />
    <${Text} title="Output" text=${visit.output} /><${Text} title="Variables set" text=${visit.assigned} />
    ${visit.functionName && html`<${Logs} functionName=${visit.functionName} from=${visit.entered} to=${visit.exited} />`}`
}

/** Which of the times that a state was entered: an item of a Map, a turn of a loop. */
function Visits({ visits, index, onChange }: { visits: Visit[]; index: number; onChange: (index: number) => void }) {
  const counts = Map.groupBy(visits, ({ status }) => status)
  return html`<p class="note">Entered ${visits.length.toLocaleString()} times: ${[...counts].map(([status, of]) => `${of.length.toLocaleString()} ${status}`).join(', ')}</p>
    <label class="inline">Number <input type="number" min="1" max=${visits.length} value=${index + 1}
      onInput=${(event: any) => event.target.value >= 1 && event.target.value <= visits.length && onChange(event.target.value - 1)} /></label>`
}
