/** DB instances: a proxy on a port of 127.0.0.1 each, and the server behind it. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Cloud, Collection } from '../../cloud.ts'
import { iamAccounts } from './accounts.ts'
import { instanceStatements, runAsAdmin } from './admin.ts'
import { certificatesIn } from './certificates.ts'
import { MysqlProxy } from './proxy.ts'
import { PrivateServer } from './server.ts'
import { readToken, tokenFault } from './token.ts'
import type { ServerAddress } from './upstream.ts'

const HOST = '127.0.0.1'

export interface InstanceRecord {
  identifier: string
  resourceId: string
  arn: string
  port: number
  engine: string
  engineVersion: string
  instanceClass: string
  masterUsername: string
  database?: string
  iamAuthentication: boolean
  allocatedGib: number
  createdAt: number
}

/** What an instance uses now. */
export interface Load {
  identifier: string
  allocatedGib: number
  connections: number
  /** Where the server keeps its data, and its process; undefined of a server that is not ours. */
  dataFolder: string | undefined
  pid: number | undefined
}

interface Running {
  listener: Server
  proxy: MysqlProxy
  server: PrivateServer | undefined
  prepared: Promise<ServerAddress> | undefined
  prepare(): Promise<ServerAddress>
}

export class Instances {
  readonly #cloud: Cloud
  readonly #records: Collection<InstanceRecord>
  readonly #running = new Map<string, Running>()

  constructor(cloud: Cloud) {
    this.#cloud = cloud
    this.#records = cloud.collection('rds.instances')
  }

  all(): InstanceRecord[] {
    return this.#records.entries().map(([, record]) => record)
  }

  find(identifier: string): InstanceRecord | undefined {
    return this.#records.get(identifier)
  }

  loads(): Load[] {
    return [...this.#running].map(([identifier, { proxy, server }]) => ({
      identifier,
      allocatedGib: this.find(identifier)?.allocatedGib ?? 0,
      connections: proxy.connections,
      dataFolder: server?.dataFolder,
      pid: server?.pid,
    }))
  }

  /** Opens the instance's port; the server behind is started by {@link startServers}, or by the first connection. */
  async put(
    given: Omit<InstanceRecord, 'resourceId' | 'arn' | 'port' | 'createdAt'>,
    masterPassword: string,
  ): Promise<InstanceRecord> {
    const known = this.#records.get(given.identifier)
    await this.#stop(given.identifier)
    const listener = await listen(known?.port)
    const { port } = listener.address() as { port: number }
    const record: InstanceRecord = {
      ...given,
      port,
      resourceId: resourceIdOf(given.identifier),
      arn: this.#cloud.arn('rds', `db:${given.identifier}`),
      createdAt: known?.createdAt ?? Date.now(),
    }
    this.#records.put(given.identifier, record)
    const running = await this.#makeRunning(record, masterPassword, listener)
    this.#running.set(given.identifier, running)
    listener.on('connection', (socket) => running.proxy.accept(socket))
    return record
  }

  /** Starts the servers in the background: nobody waits for them but who connects. */
  startServers(): void {
    for (const [identifier, running] of this.#running) {
      running
        .prepare()
        .catch((error: Error) => this.#cloud.log('warn', 'MySQL is not there', { identifier, error: error.message }))
    }
  }

  async remove(identifier: string): Promise<void> {
    await this.#stop(identifier)
    this.#records.delete(identifier)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((identifier) => this.#stop(identifier)))
  }

  async #makeRunning(record: InstanceRecord, masterPassword: string, listener: Server): Promise<Running> {
    const cloud = this.#cloud
    const log = cloud.log.bind(cloud)
    const external = process.env.MYSQL_URL
    const server = external ? undefined : new PrivateServer(join(cloud.folder('mysql'), record.identifier), log)
    const running: Omit<Running, 'proxy'> = {
      listener,
      server,
      prepared: undefined,
      async prepare() {
        const address = server ? await server.ready() : addressOf(external as string)
        // A server that was started anew keeps its accounts, so once is enough.
        running.prepared ??= prepareInstance(record, address).catch((error) => {
          running.prepared = undefined
          throw error
        })
        await running.prepared
        return address
      },
    }
    const proxy = new MysqlProxy({
      certificates: await certificatesIn(cloud.folder('rds')),
      server: () => running.prepare(),
      master: { user: record.masterUsername, password: masterPassword },
      accounts: iamAccounts(cloud.collection('rds.iam-accounts'), record.identifier),
      checkToken: (token, user) => this.#checkToken(record, token, user),
      log,
    })
    return Object.assign(running, { proxy })
  }

  #checkToken(record: InstanceRecord, text: string, user: string): string | undefined {
    if (!record.iamAuthentication) return `IAM authentication is not enabled for the instance ${record.identifier}`
    const token = readToken(text)
    if (!token) return 'the password is no authentication token of RDS'
    const fault = tokenFault(token, { host: HOST, port: record.port }, user)
    if (fault) return fault
    // A key that the local cloud never gave out is the administrator's, as at the gateway.
    const principal = this.#cloud.principalOf(token.accessKeyId) ?? this.#cloud.admin
    const resource = this.#cloud.arn('rds-db', `dbuser:${record.resourceId}/${user}`)
    try {
      this.#cloud.authorize(principal, 'rds-db', { action: 'rds-db:connect', resource })
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }

  async #stop(identifier: string): Promise<void> {
    const running = this.#running.get(identifier)
    if (!running) return
    this.#running.delete(identifier)
    running.listener.close()
    running.proxy.close()
    await running.server?.close()
  }
}

async function prepareInstance(record: InstanceRecord, address: ServerAddress): Promise<ServerAddress> {
  const statements = instanceStatements(record.masterUsername, address.admin.password, record.database)
  // On a server that is not ours the master account stays as it is.
  await runAsAdmin(
    address,
    address.socketPath ? statements : statements.filter((statement) => statement.startsWith('CREATE DATABASE')),
  )
  return address
}

/** The port of the last boot if it is free, so that what clients remember holds. */
async function listen(wanted: number | undefined): Promise<Server> {
  for (const port of wanted ? [wanted, 0] : [0]) {
    const server = createServer()
    server.listen(port, HOST)
    const bound = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (bound) return server
  }
  throw new Error(`No port of ${HOST} is free for the local RDS.`)
}

/** `mysql://user:password@host:3306` @throws Error when it is no such URL */
function addressOf(url: string): ServerAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'mysql:' || parsed.username === '')
    throw new Error('MYSQL_URL has to be mysql://user:password@host:port.')
  const admin = { user: decodeURIComponent(parsed.username), password: decodeURIComponent(parsed.password) }
  return { host: parsed.hostname, port: Number(parsed.port || 3306), admin }
}

/** `db-` and 26 letters and digits, the same at every boot. */
function resourceIdOf(identifier: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bytes = createHash('sha256').update(`db ${identifier}`).digest().subarray(0, 26)
  return `db-${[...bytes].map((byte) => alphabet[byte % 32]).join('')}`
}
