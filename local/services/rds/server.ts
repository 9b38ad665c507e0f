/** The private MySQL or MariaDB server: found on the machine, kept in the data directory, reached by its socket only. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { access, chmod, constants, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { runAsAdmin } from './admin.ts'
import type { ServerAddress } from './upstream.ts'

const run = promisify(execFile)

const PROGRAMS = ['mariadbd', 'mysqld']
/** Where packages put servers that are not on everybody's PATH. */
const FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/libexec',
  '/usr/local/bin',
  '/opt/homebrew/bin',
  '/opt/homebrew/sbin',
  '/usr/local/mysql/bin',
]
const START_SECONDS = 60
const STOP_SECONDS = 15
/** A socket's path has at most 107 bytes on Linux, 103 on macOS. */
const LONGEST_SOCKET = 100

/** The path of a MySQL or MariaDB server program on this machine, or undefined. */
export async function findMysqlServer(): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...FOLDERS]
  for (const program of PROGRAMS) {
    const found = await findProgram(program, folders)
    if (found) return found
  }
  return undefined
}

/** What to type where there is no server. */
export const INSTALL_HINT =
  'install one with "apt-get install mariadb-server" or "brew install mariadb", or set MYSQL_URL to one that runs'

/** There is no server to connect to. */
export class NoMysqlServer extends Error {
  override name = 'NoMysqlServer'

  constructor() {
    super(`No MySQL server program (mariadbd, mysqld) was found on this machine: ${INSTALL_HINT}.`)
  }
}

type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void

export class PrivateServer {
  readonly #folder: string
  readonly #log: Log
  readonly #find: () => Promise<string | undefined>
  #ready: Promise<ServerAddress> | undefined
  #process: ChildProcess | undefined
  #closing = false

  /** @param find looks for the server program */
  constructor(folder: string, log: Log, find = findMysqlServer) {
    this.#folder = folder
    this.#log = log
    this.#find = find
  }

  get #socket(): string {
    const plain = join(this.#folder, 'mysql.sock')
    if (Buffer.byteLength(plain) <= LONGEST_SOCKET) return plain
    const short = createHash('sha256').update(this.#folder).digest('hex').slice(0, 16)
    return join(tmpdir(), `stepwell-${process.getuid?.() ?? 0}-${short}`, 'mysql.sock')
  }

  /** Undefined while no server runs. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  get dataFolder(): string {
    return join(this.#folder, 'data')
  }

  get #pidFile(): string {
    return join(this.#folder, 'mysql.pid')
  }

  /**
   * The server's address once it takes connections; starts it if it does not run.
   *
   * @throws NoMysqlServer, or an Error that names the server's log
   */
  ready(): Promise<ServerAddress> {
    if (this.#closing) return Promise.reject(new Error('The local cloud is stopping.'))
    this.#ready ??= this.#start().catch((error) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  /** A clean stop, so that the next start needs no recovery. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#ready?.catch(() => {})
    await this.#stopProcess()
    // The folder that stands in for a path that is too long.
    if (dirname(this.#socket) !== this.#folder) await rm(dirname(this.#socket), { recursive: true, force: true })
  }

  async #stopProcess(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000)
    await ended
    clearTimeout(timer)
  }

  async #start(): Promise<ServerAddress> {
    const program = await this.#find()
    if (!program) throw new NoMysqlServer()
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await chmod(this.#folder, 0o700)
    await mkdir(dirname(this.#socket), { recursive: true, mode: 0o700 })
    await this.#endLeftover()
    const password = await this.#password()
    if (!existsSync(this.dataFolder)) await this.#initialize(program)
    await this.#spawn(program)
    const socketPath = this.#socket
    const admin = { user: 'root', password }
    // A new server's root has no password yet.
    await runAsAdmin({ socketPath, admin }, ['SELECT 1']).catch(() =>
      runAsAdmin({ socketPath, admin: { user: 'root', password: '' } }, [
        `ALTER USER 'root'@'localhost' IDENTIFIED BY '${password}'`,
      ]),
    )
    this.#log('info', 'The private MySQL server is ready', { program, pid: this.#process?.pid })
    return { socketPath, admin }
  }

  /** Known to the local cloud alone: what all accounts have behind the proxy. */
  async #password(): Promise<string> {
    const file = join(this.#folder, 'password')
    const known = await readFile(file, 'utf8').catch(() => undefined)
    if (known) return known
    const password = randomBytes(24).toString('hex')
    await writeFile(`${file}.partial`, password, { mode: 0o600 })
    await rename(`${file}.partial`, file)
    return password
  }

  /** Makes the system tables beside their place, so that a kill in the middle leaves nothing half made. */
  async #initialize(program: string): Promise<void> {
    const partial = `${this.dataFolder}.partial`
    await rm(partial, { recursive: true, force: true })
    const user = asRoot()
    if (await isMariadb(program)) {
      const folders = [dirname(program), dirname(program).replace(/sbin$/, 'bin'), '/usr/bin', '/usr/local/bin']
      const install =
        (await findProgram('mariadb-install-db', folders)) ?? (await findProgram('mysql_install_db', folders))
      if (!install) throw new Error(`${program} has no mariadb-install-db beside it to make its system tables.`)
      // A script that quotes no path: a folder with a space in its name must not be part of one.
      const where = `./${basename(partial)}`
      await run(
        install,
        ['--no-defaults', `--datadir=${where}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...user],
        { cwd: this.#folder },
      )
    } else {
      await run(program, ['--no-defaults', '--initialize-insecure', `--datadir=${partial}`, ...user])
    }
    await rename(partial, this.dataFolder)
  }

  async #spawn(program: string): Promise<void> {
    const log = await open(join(this.#folder, 'server.log'), 'a', 0o600)
    const mysql = (await isMariadb(program)) ? [] : ['--mysqlx=OFF']
    const child = spawn(
      program,
      [
        '--no-defaults',
        `--datadir=${this.dataFolder}`,
        `--socket=${this.#socket}`,
        `--pid-file=${this.#pidFile}`,
        '--skip-networking',
        '--local-infile=1',
        '--skip-log-bin',
        '--performance-schema=OFF',
        '--max-allowed-packet=64M',
        // What RDS sets, and what a crash of this process cannot lose.
        '--innodb-flush-log-at-trx-commit=2',
        '--sql-mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
        '--character-set-server=utf8mb4',
        ...mysql,
        ...asRoot(),
      ],
      { stdio: ['ignore', log.fd, log.fd], cwd: this.#folder },
    )
    await log.close()
    this.#process = child
    let ended: string | undefined
    child.once('error', (error) => {
      ended = error.message
    })
    child.once('exit', (code, signal) => {
      ended = `it ended with ${signal ?? `status ${code}`}`
      this.#ready = undefined
      if (!this.#closing) this.#log('warn', 'The private MySQL server has ended', { code, signal })
    })
    const until = Date.now() + START_SECONDS * 1000
    while (!(await accepts(this.#socket))) {
      if (ended === undefined && Date.now() < until) await sleep(25)
      else {
        child.kill('SIGKILL')
        const what = ended ?? `it took no connection within ${START_SECONDS} s`
        throw new Error(`The MySQL server ${program} did not start: ${what}. See ${join(this.#folder, 'server.log')}.`)
      }
    }
  }

  /** A local cloud that was killed leaves its server running, or its socket behind. */
  async #endLeftover(): Promise<void> {
    const pid = Number(await readFile(this.#pidFile, 'utf8').catch(() => ''))
    if (pid > 0 && (await runsOn(pid, this.dataFolder))) {
      this.#log('warn', 'A MySQL server of an earlier run is stopped', { pid })
      process.kill(pid, 'SIGTERM')
      const until = Date.now() + STOP_SECONDS * 1000
      while (await runsOn(pid, this.dataFolder)) {
        if (Date.now() > until) process.kill(pid, 'SIGKILL')
        await sleep(50)
      }
    }
    await rm(this.#socket, { force: true })
    await rm(this.#pidFile, { force: true })
  }
}

async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}

/** `mysqld` can be MariaDB under its old name. */
async function isMariadb(program: string): Promise<boolean> {
  if (program.endsWith('mariadbd')) return true
  return (await run(program, ['--no-defaults', '--version'])).stdout.includes('MariaDB')
}

/** Servers refuse to run as root unless told to. */
function asRoot(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : []
}

async function accepts(socketPath: string): Promise<boolean> {
  const { connect } = await import('node:net')
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Whether the process is a server on this data directory: pids are given out again. */
async function runsOn(pid: number, data: string): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // Small machines have no ps, and macOS no /proc. A process that has ended but was not waited for has no command line there.
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(async () => {
    const { stdout } = await run('ps', ['-ww', '-o', 'stat=,command=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
    return stdout.trimStart().startsWith('Z') ? '' : stdout
  })
  return command.includes(data)
}
