/** What CloudWatch is told of instances (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html). */
import { readdir, readFile, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Cloud } from '../../cloud.ts'
import { MetricReporter } from '../../metric-reporter.ts'
import type { Instances, Load } from './instances.ts'

/** AWS measures once a minute; a run here may be over by then. */
const EVERY_MS = 10_000
const GIB = 1024 ** 3
/** Linux counts a process's time in hundredths of a second. */
const TICKS_PER_SECOND = 100

interface Spent {
  pid: number | undefined
  seconds: number
  at: number
}

export class InstanceMetrics {
  readonly #instances: Instances
  readonly #metrics: MetricReporter
  readonly #spent = new Map<string, Spent>()
  #timer: NodeJS.Timeout | undefined

  constructor(cloud: Cloud, instances: Instances) {
    this.#instances = instances
    this.#metrics = new MetricReporter(cloud, 'rds.amazonaws.com', 'AWS/RDS', 'DBInstanceIdentifier')
  }

  start(): void {
    void this.#report()
    this.#timer ??= setInterval(() => void this.#report(), EVERY_MS).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#report()
    await this.#metrics.close()
  }

  async #report(): Promise<void> {
    for (const load of this.#instances.loads()) {
      const { identifier, allocatedGib, connections, dataFolder } = load
      this.#metrics.add(identifier, 'DatabaseConnections', connections)
      // The server of MYSQL_URL keeps its data where it likes.
      if (dataFolder === undefined) continue
      this.#metrics.add(identifier, 'FreeStorageSpace', allocatedGib * GIB - (await sizeOf(dataFolder)), 'Bytes')
      const percent = await this.#processorUse(load)
      if (percent !== undefined) this.#metrics.add(identifier, 'CPUUtilization', percent, 'Percent')
    }
  }

  /** Per cent of all processors since the last report; undefined at the first, and where there is no /proc. */
  async #processorUse({ identifier, pid }: Load): Promise<number | undefined> {
    const seconds = pid === undefined ? undefined : await processorSeconds(pid)
    const before = this.#spent.get(identifier)
    const at = Date.now() / 1000
    this.#spent.set(identifier, { pid, seconds: seconds ?? 0, at })
    if (seconds === undefined || !before || at <= before.at) return undefined
    // A server that started since the last report has spent all its time since then.
    const spent = seconds - (before.pid === pid ? before.seconds : 0)
    return Math.min(100, (spent / (at - before.at) / availableParallelism()) * 100)
  }
}

/** Bytes of the files below a folder; those that go meanwhile count nothing. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      stat(join(parentPath, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** User and system time of a process; undefined where there is no /proc. @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function processorSeconds(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The second field is the program's name, in parentheses, and may hold blanks.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user, system] = [Number(fields?.[11]), Number(fields?.[12])]
  return Number.isFinite(user + system) ? (user + system) / TICKS_PER_SECOND : undefined
}
