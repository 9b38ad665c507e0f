/** A script that is known to be sound, and the jobs that run it. */
import type { CreateTable, Insert, Statement } from './ast.ts'
import { Graph } from './compile/graph.ts'
import { compileInsert } from './compile/sink.ts'
import { FlinkSqlSyntaxError, FlinkSqlUnsupportedError } from './errors.ts'
import { Job } from './job.ts'
import { parseScript } from './parser/index.ts'

/** A table's connector as the script writes it: the options without those of its format. */
export interface Connector {
  table: string
  options: Record<string, string>
}

export interface Program {
  script: string
  /** What SET says. */
  settings: Record<string, string>
  source: Connector
  /** In the order of the INSERTs; two INSERTs into one table are two sinks. */
  sinks: Connector[]
  /** A new job at the start of its source. @param now the wall clock, for CURRENT_TIMESTAMP */
  start(now?: () => number): Job
}

/** Settings that change nothing here, or nothing that the subset shows. */
const KNOWN_SETTINGS = [
  /^pipeline\.(name|auto-watermark-interval|operator-chaining.*|object-reuse|max-parallelism)$/,
  /^parallelism\.default$/,
  /^execution\.(checkpointing|runtime-mode|buffer-timeout).*/,
  /^(state|restart-strategy)\..*/,
  /^table\.exec\.source\.idle-timeout$/,
]

/**
 * Parses and checks a script.
 * @throws FlinkSqlSyntaxError where Flink would refuse it too
 * @throws FlinkSqlUnsupportedError where only the subset does
 */
export function compileScript(script: string): Program {
  try {
    return compile(script)
  } catch (error) {
    // Nesting in nesting, such as views upon views: the stack is not deep enough for it.
    if (!(error instanceof RangeError)) throw error
    throw new FlinkSqlUnsupportedError(script, 0, 'The script is nested too deeply to run here.')
  }
}

function compile(script: string): Program {
  const statements = parseScript(script)
  const settings = settingsOf(script, statements)
  const inserts = statements.filter((statement) => statement.kind === 'insert')
  if (inserts.length === 0)
    throw new FlinkSqlSyntaxError(script, script.length, 'The script has no INSERT, so there is nothing to run.')
  const trial = build(script, statements, inserts, Date.now)
  checkSource(script, trial.source)
  return {
    script,
    settings,
    source: connectorOf(trial.source),
    sinks: trial.sinks.map(connectorOf),
    start(now = Date.now) {
      const { graph, buffers } = build(script, statements, inserts, now)
      return new Job(graph, buffers)
    },
  }
}

function build(script: string, statements: Statement[], inserts: Insert[], now: () => number) {
  const graph = new Graph(script, statements, now)
  const buffers: string[][] = inserts.map(() => [])
  const sinks = inserts.map((insert, i) => compileInsert(graph, insert, (row) => buffers[i]!.push(row)))
  return { graph, buffers, sinks, source: graph.source!.table }
}

function connectorOf({ name, options }: CreateTable): Connector {
  const own = Object.entries(options).filter(([key]) => key !== 'format' && !/^(json|raw)\./.test(key))
  return { table: name, options: Object.fromEntries(own) }
}

function checkSource(script: string, table: CreateTable): void {
  const fail = (sentence: string, at = table.at) =>
    new FlinkSqlUnsupportedError(script, at, `${sentence} is outside the subset that runs here.`)
  const { format, 'raw.charset': charset = 'UTF-8' } = table.options
  if (format !== 'raw')
    throw fail(
      `The format '${format ?? ''}' of the source '${table.name}' (there is 'raw', to be read with JSON_VALUE, so that broken records can be told from good ones)`,
    )
  if (charset !== 'UTF-8') throw fail(`The charset '${charset}' of '${table.name}'`)
  const physical = table.columns.filter((column) => column.type)
  if (physical.length !== 1)
    throw new FlinkSqlSyntaxError(
      script,
      table.at,
      `The format 'raw' takes one physical column, and '${table.name}' has ${physical.length}.`,
    )
  if (physical[0]!.type!.name !== 'STRING') throw fail(`A column of format 'raw' that is no STRING`, physical[0]!.at)
}

function settingsOf(script: string, statements: Statement[]): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const statement of statements) {
    if (statement.kind !== 'set') continue
    const { key, value, at } = statement
    const fail = (sentence: string) =>
      new FlinkSqlUnsupportedError(script, at, `${sentence} is outside the subset that runs here.`)
    if (key === 'table.local-time-zone') {
      if (value !== 'UTC') throw fail(`The time zone '${value}' (there is UTC)`)
    } else if (!KNOWN_SETTINGS.some((known) => known.test(key))) throw fail(`The setting '${key}'`)
    settings[key] = value
  }
  return settings
}
