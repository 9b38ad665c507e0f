/** SQL for the warehouse, through the Redshift Data API. */
import { useEffect, useState } from 'preact/hooks'
import { call } from './aws.ts'
import { duration } from './format.ts'
import { html } from './html.ts'
import { Table } from './table.ts'

/** As workflows/ names them. */
const WHERE = { WorkgroupName: 'stepwell', Database: 'loans' }
const POLL_MS = 200
const EXAMPLE =
  'select quarter, layout, count(*) as loans, sum(original_upb) as upb\nfrom origination\ngroup by 1, 2\norder by 1'

interface Statement {
  Status: string
  Error?: string
  Duration?: number
  HasResultSet?: boolean
  ResultRows?: number
}

interface Answer {
  took: number
  rows: number
  table: { columns: string[]; types: string[]; rows: unknown[][] } | undefined
}

export function QueryPage() {
  const [sql, setSql] = useState(EXAMPLE)
  const [tables, setTables] = useState<string[]>([])
  const [answer, setAnswer] = useState<Answer>()
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    call<{ Tables: { name: string; schema: string }[] }>('redshift-data', 'ListTables', {
      ...WHERE,
      SchemaPattern: 'public',
    }).then(
      ({ Tables }) => setTables(Tables.map(({ name }) => name)),
      (error: Error) => setProblem(error.message),
    )
  }, [])
  const run = async (text: string) => {
    setBusy(true)
    setProblem('')
    setAnswer(undefined)
    await execute(text).then(setAnswer, (error: Error) => setProblem(error.message))
    setBusy(false)
  }
  const look = (table: string) => {
    const text = `select * from ${table} limit 100`
    setSql(text)
    void run(text)
  }
  return html`<section>
    <h1>Query the warehouse</h1>
    <p class="note row">Redshift · database ${WHERE.Database} · ${tables.length === 0 ? 'none yet' : tables.map((table) => html`<button class="quiet" onClick=${() => look(table)}>${table}</button>`)}</p>
    <form onSubmit=${(event: Event) => {
      event.preventDefault()
      void run(sql)
    }}>
      <label>SQL<textarea rows="6" spellcheck="false" value=${sql} onInput=${(event: any) => setSql(event.target.value)}
        onKeyDown=${(event: KeyboardEvent) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && run(sql)}></textarea></label>
      <button disabled=${busy}>${busy ? 'Running…' : 'Run'}</button> <span class="note">or Ctrl-Enter</span>
    </form>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    ${answer && html`<p class="note">${answer.rows.toLocaleString()} rows in ${duration(answer.took)}${answer.table && answer.table.rows.length < answer.rows && `; the first ${answer.table.rows.length} are shown`}</p>`}
    ${answer?.table && html`<${Table} ...${answer.table} />`}
  </section>`
}

/** @throws Error as Redshift words it */
async function execute(Sql: string): Promise<Answer> {
  const { Id } = await call<{ Id: string }>('redshift-data', 'ExecuteStatement', { ...WHERE, Sql })
  let statement: Statement
  do {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    statement = await call<Statement>('redshift-data', 'DescribeStatement', { Id })
  } while (['SUBMITTED', 'PICKED', 'STARTED'].includes(statement.Status))
  if (statement.Status !== 'FINISHED') throw new Error(statement.Error ?? `The statement is ${statement.Status}.`)
  const answer: Answer = {
    took: (statement.Duration ?? 0) / 1e9,
    rows: Math.max(statement.ResultRows ?? 0, 0),
    table: undefined,
  }
  if (!statement.HasResultSet) return answer
  // The first page of the result is enough to look at.
  const result = await call<{ ColumnMetadata: any[]; Records: object[][] }>('redshift-data', 'GetStatementResult', {
    Id,
  })
  const columns = result.ColumnMetadata.map(({ label, name }) => label ?? name)
  const types = result.ColumnMetadata.map(({ typeName }) => typeName)
  return { ...answer, table: { columns, types, rows: result.Records.map((record) => record.map(cellValue)) } }
}

/** `{"longValue": 1}` → 1 */
function cellValue(field: object): unknown {
  return 'isNull' in field ? null : Object.values(field)[0]
}
