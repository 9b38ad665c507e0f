/** The local cloud and the producer as processes of their own, and what they cost the machine (Linux: from /proc). */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const CLOCK_TICKS = 100
const MIB = 1024

/** A `stepwell` command that prints one JSON object a line. */
export class Command {
  readonly child: ChildProcess
  readonly #objects: any[] = []
  readonly #ended: Promise<number | null>
  #isOver = false
  #awake = Promise.withResolvers<void>()

  constructor(args: string[], nodeOptions: string[] = []) {
    this.child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', ...nodeOptions, cli, ...args, '--json'],
      {
        // As `npx stepwell` starts it.
        env: { MALLOC_ARENA_MAX: '2', ...process.env },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    this.#ended = once(this.child, 'close').then(([code]) => {
      this.#isOver = true
      this.#awake.resolve()
      return code
    })
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.#objects.push(JSON.parse(line))
      this.#awake.resolve()
      this.#awake = Promise.withResolvers<void>()
    })
  }

  /** The first object of a type. @throws Error when the command ends without it */
  async object(type: string): Promise<any> {
    for (;;) {
      const found = this.#objects.find((one) => one.type === type)
      if (found) return found
      if (this.#isOver) throw new Error(`A stepwell command ended without "${type}".`)
      await this.#awake.promise
    }
  }

  /** Ends the command as Ctrl-C does; resolves when it has ended. */
  async stop(): Promise<void> {
    this.child.kill('SIGINT')
    await this.#ended
  }
}

/** A process with all that it has started. */
function family(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = statOf(`/proc/${name}/stat`)
    if (stat) children.set(Number(stat[1]), [...(children.get(Number(stat[1])) ?? []), Number(name)])
  }
  const all = [pid]
  for (const one of all) all.push(...(children.get(one) ?? []))
  return all
}

/** The fields of /proc/…/stat behind the name: state, parent, … (proc_pid_stat(5)). */
function statOf(file: string): string[] | undefined {
  try {
    const text = readFileSync(file, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    // The process has ended meanwhile.
    return undefined
  }
}

/** Seconds of processor time so far: of the process, and of its main thread alone. */
export function processorSeconds(pid: number): { all: number; main: number } {
  const seconds = (file: string) => {
    const stat = statOf(file)
    return stat ? (Number(stat[11]) + Number(stat[12])) / CLOCK_TICKS : Number.NaN
  }
  return { all: seconds(`/proc/${pid}/stat`), main: seconds(`/proc/${pid}/task/${pid}/stat`) }
}

/** Seconds of processor time so far of a process and all that it has started and that still runs. */
export function familySeconds(pid: number): number {
  return family(pid)
    .map((one) => processorSeconds(one).all)
    .filter(Number.isFinite)
    .reduce((sum, one) => sum + one, 0)
}

/** Proportional set size of a process and all that it has started, in MiB: shared pages count once. */
export function memoryMib(pid: number): number {
  const kib = family(pid).map((one) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${one}/smaps_rollup`, 'latin1'))?.[1] ?? 0)
    } catch {
      return 0
    }
  })
  return kib.reduce((sum, one) => sum + one, 0) / MIB
}
