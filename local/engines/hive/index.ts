/**
 * HiveQL on DuckDB. Knows tables, files and scripts, and nothing of AWS: every location that a script touches is looked up by `locate`.
 * See README.md for what of HiveQL it speaks and where it differs from Hive 3.1.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HiveError, HiveExecutionError, type StatementPlace } from './errors.ts'
import { Duck } from './run/duck.ts'
import type { Execution } from './run/execution.ts'
import { Metastore } from './run/metastore.ts'
import { Settings } from './run/settings.ts'
import { execute } from './run/statements.ts'
import { type Locate, Storage } from './run/storage.ts'
import { TextFiles } from './run/text-files.ts'
import { Writer } from './run/write.ts'
import { splitStatements, substitute } from './syntax/script.ts'
import { parseStatement } from './syntax/statements.ts'

export { HiveError, HiveExecutionError, HiveSemanticError, HiveSyntaxError, HiveUnsupported } from './errors.ts'
export type { Access, Locate } from './run/storage.ts'

export interface HiveOptions {
  /** `s3://bucket/prefix/` → a path on this machine, after the check that the script may do that there; throws where it may not. */
  readonly locate: Locate
  /** The folder that stands for the cluster's HDFS: managed and intermediate tables. */
  readonly hdfs: string
  /** A folder for staging and spilling; on the same file system as the tables, so that files move by rename. */
  readonly temp: string
  readonly threads?: number
  /** DuckDB's memory, as `2GB`; the process needs some 0.5 GB beyond it. */
  readonly memoryLimit?: string
}

export interface LogLine {
  /** Rows of queries go to stdout, all else to stderr, as the Hive CLI does it. */
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

export interface Script {
  /** For messages: the script's file name or address. */
  readonly name: string
  readonly text: string
  /** What `-d NAME=value` gives. */
  readonly variables?: Readonly<Record<string, string>>
  /** What `--hiveconf key=value` gives. */
  readonly conf?: Readonly<Record<string, string>>
  onLog?(line: LogLine): void
  /** Stops the script between statements, and interrupts the one that runs. */
  readonly signal?: AbortSignal
}

/** A cluster's Hive: tables live as long as it does; settings and variables as long as a script. */
export interface HiveSession {
  /**
   * Runs a script to its end or its first error.
   *
   * @throws HiveSyntaxError, HiveSemanticError, HiveUnsupported, HiveExecutionError, each with script, line and statement;
   *   an error of `locate` comes as the cause of a HiveExecutionError
   */
  run(script: Script): Promise<void>
  close(): Promise<void>
}

/** Opens a session. Nothing heavy is loaded before the first statement runs. */
export async function createHive(options: HiveOptions): Promise<HiveSession> {
  await mkdir(options.temp, { recursive: true })
  await mkdir(options.hdfs, { recursive: true })
  const temp = await mkdtemp(join(options.temp, 'hive-'))
  const storage = new Storage(options.locate, options.hdfs)
  const duck = new Duck({
    threads: options.threads ?? 2,
    memoryLimit: options.memoryLimit ?? '1500MB',
    temp: join(temp, 'spill'),
  })
  const metastore = new Metastore()
  const shared = { metastore, storage, duck, texts: new TextFiles(temp), writer: new Writer(duck, storage, temp) }

  // One connection: scripts of one cluster take turns.
  let turn: Promise<unknown> = Promise.resolve()
  return {
    run(script) {
      const mine = turn.then(() => runScript(script, shared))
      turn = mine.catch(() => undefined)
      return mine
    },
    async close() {
      await turn
      await duck.close()
      await rm(temp, { recursive: true, force: true })
    },
  }
}

type Shared = Pick<Execution, 'metastore' | 'storage' | 'duck' | 'texts' | 'writer'>

async function runScript(script: Script, shared: Shared): Promise<void> {
  const { metastore, duck } = shared
  const log = (stream: LogLine['stream'], text: string) => script.onLog?.({ stream, text })
  const settings = new Settings(script.variables ?? {}, script.conf)
  const temporary: Execution['temporary'] = []
  const execution: Execution = { ...shared, settings, temporary, log }
  let calm = () => {}
  const interrupt = () => {
    calm = duck.interrupt()
  }
  script.signal?.addEventListener('abort', interrupt)
  metastore.use('default', { line: 1, column: 1 })
  try {
    let number = 0
    for (const statement of placed(() => splitStatements(script.text), {
      script: script.name,
      statement: 1,
      text: '',
      line: 1,
      column: 1,
    })) {
      const place: StatementPlace = {
        script: script.name,
        statement: ++number,
        text: firstWords(statement.text),
        line: statement.line,
        column: statement.column,
      }
      await runStatement(statement, place, execution, script.signal)
    }
  } catch (error) {
    log('stderr', `FAILED: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`)
    throw error
  } finally {
    script.signal?.removeEventListener('abort', interrupt)
    calm()
    for (const table of temporary) {
      metastore.drop({ database: table.database, name: table.name, line: 0, column: 0 })
      await shared.writer.dropKept(table, { line: 0, column: 0 })
      await rm(await shared.storage.folder(table.location, 'delete'), { recursive: true, force: true })
    }
  }
}

async function runStatement(
  statement: ReturnType<typeof splitStatements>[number],
  place: StatementPlace,
  execution: Execution,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { settings, log } = execution
  try {
    if (signal?.aborted) throw new HiveExecutionError('The script was stopped', signal.reason, place)
    const text = substitute(statement, {
      hivevar: (name) => settings.hivevar(name),
      hiveconf: (name) => settings.hiveconf(name),
    })
    const printed = settings.command(text, place)
    if (printed) {
      for (const line of printed) log('stdout', line)
      return
    }
    const parsed = parseStatement(text, statement)
    const started = performance.now()
    const rows = await execute(parsed, execution)
    log('stderr', 'OK')
    const seconds = ((performance.now() - started) / 1000).toFixed(3)
    log('stderr', `Time taken: ${seconds} seconds${rows === undefined ? '' : `, Fetched: ${rows} row(s)`}`)
  } catch (error) {
    if (signal?.aborted) throw new HiveExecutionError('The script was stopped', signal.reason, place).placed(place)
    if (error instanceof HiveError) throw error.placed(place)
    throw new HiveExecutionError((error as Error).message, error, place).placed(place)
  }
}

function placed<T>(run: () => T, place: StatementPlace): T {
  try {
    return run()
  } catch (error) {
    throw error instanceof HiveError ? error.placed(place) : error
  }
}

/** The beginning of a statement, to know it by. */
function firstWords(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}
