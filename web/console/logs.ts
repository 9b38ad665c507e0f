/** What a state's Lambda function logged while the state ran. */
import { useEffect, useState } from 'preact/hooks'
import { call, functionLogGroup } from './aws.ts'
import { html } from './html.ts'

/** Lambda stamps lines when it takes them, a little after the state's own events. */
const SLACK_MS = 1000
const MOST = 500

interface Line {
  timestamp: number
  message: string
}

export function Logs({ functionName, from, to }: { functionName: string; from: number; to: number | undefined }) {
  const [lines, setLines] = useState<Line[]>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    setProblem('')
    setLines(undefined)
    read(functionName, from, to).then(setLines, (error: Error) => setProblem(error.message))
  }, [functionName, from, to])
  return html`<details open><summary>Logs</summary>
    ${problem && html`<p class="problem">${problem}</p>`}
    ${lines && html`<pre>${lines.map(textOf).join('\n') || '(no log lines)'}</pre>`}</details>`
}

async function read(functionName: string, from: number, to: number | undefined): Promise<Line[]> {
  const logGroupName = await functionLogGroup(functionName)
  const startTime = Math.floor(from * 1000)
  const endTime = Math.ceil((to ?? Date.now() / 1000) * 1000) + SLACK_MS
  try {
    const input = { logGroupName, startTime, endTime, limit: MOST }
    return (await call<{ events: Line[] }>('logs', 'FilterLogEvents', input)).events
  } catch (error) {
    // A function that never wrote a line has no log group yet.
    if ((error as Error).name === 'ResourceNotFoundException') return []
    throw error
  }
}

/** A line of Lambda's JSON format without what every line repeats; any other as it is. */
function textOf({ timestamp, message }: Line): string {
  const time = new Date(timestamp).toISOString().slice(11, 23)
  try {
    const {
      level,
      message: text,
      timestamp: _,
      service,
      cold_start,
      xray_trace_id,
      sampling_rate,
      ...rest
    } = JSON.parse(message)
    const more = Object.entries(rest).filter(([key]) => !/^function_|^correlation_id$/.test(key))
    return [time, level, text, ...more.map(([key, value]) => `${key}=${JSON.stringify(value)}`)].join(' ')
  } catch {
    return `${time} ${message.trimEnd()}`
  }
}
