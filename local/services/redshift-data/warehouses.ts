/** The open databases: one file a namespace and database, opened with the first statement. COPY and UNLOAD act under the namespace's roles. */
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Cloud } from '../../cloud.ts'
import type { Locate, Warehouse } from '../../engines/warehouse/index.ts'
import type { Principal } from '../../gateway/principal.ts'
import type { Namespaces } from './namespaces.ts'

const ROLE_MINUTES = 30
/** What one database may use; sorts and joins beyond it spill to disk. */
const MEMORY = '1GB'
const MOST_THREADS = 4
const IDLE_MS = 30_000
/** Redshift Serverless assumes the role; older trust policies name only Redshift. */
const SERVICES = ['redshift-serverless.amazonaws.com', 'redshift.amazonaws.com']

export class Warehouses {
  readonly #cloud: Cloud
  readonly #namespaces: Namespaces
  readonly #open = new Map<string, Promise<Warehouse>>()
  readonly #closing = new Map<string, Promise<void>>()
  readonly #idle = new Map<string, NodeJS.Timeout>()
  readonly #idleMs: number
  readonly #roles = new Map<string, { principal: Principal; until: number }>()

  constructor(cloud: Cloud, namespaces: Namespaces, idleMs = IDLE_MS) {
    this.#idleMs = idleMs
    this.#cloud = cloud
    this.#namespaces = namespaces
  }

  databases(namespace: string): string[] {
    const known = this.#namespaces.namespace(namespace)
    return known ? [...new Set([known.database, 'dev'])].sort() : []
  }

  /** @throws Error `FATAL: database "x" does not exist` as Redshift answers at the connection */
  async open(namespace: string, database: string): Promise<Warehouse> {
    if (!this.databases(namespace).includes(database)) throw new Error(`FATAL: database "${database}" does not exist`)
    const key = `${namespace}/${database}`
    clearTimeout(this.#idle.get(key))
    this.#idle.delete(key)
    const open = this.#open.get(key) ?? this.#openFile(key, namespace, database)
    this.#open.set(key, open)
    return open.catch((error) => {
      this.#open.delete(key)
      throw error
    })
  }

  async #openFile(key: string, namespace: string, database: string): Promise<Warehouse> {
    await this.#closing.get(key)
    const { openWarehouse } = await import('../../engines/warehouse/index.ts')
    const folder = this.#cloud.folder('redshift')
    return openWarehouse({
      file: join(folder, namespace, `${database}.duckdb`),
      temp: join(folder, namespace, `${database}.temp`),
      locate: this.#locate(namespace),
      memoryLimit: MEMORY,
      threads: Math.min(availableParallelism(), MOST_THREADS),
      idle: () => this.#closeLater(key),
    })
  }

  /** A database that nobody has asked for a while gives its memory back. */
  #closeLater(key: string): void {
    clearTimeout(this.#idle.get(key))
    const timer = setTimeout(async () => {
      const open = this.#open.get(key)
      if (!open || (await open).sessions > 0 || this.#idle.get(key) !== timer) return
      this.#open.delete(key)
      const closing = open.then((warehouse) => warehouse.close()).finally(() => this.#closing.delete(key))
      this.#closing.set(key, closing)
    }, this.#idleMs)
    timer.unref()
    this.#idle.set(key, timer)
  }

  #locate(namespace: string): Locate {
    return async (uri, access, role) => {
      const principal = this.#assume(namespace, role)
      if (access === 'list') {
        // Redshift looks up the bucket's region before it lists the bucket.
        const resource = `arn:aws:s3:::${uri.split('/')[2]}`
        this.#cloud.authorize(principal, 's3', { action: 's3:GetBucketLocation', resource })
      }
      return this.#cloud.locate(principal, uri, access)
    }
  }

  #assume(namespaceName: string, role: string): Principal {
    const namespace = this.#namespaces.namespace(namespaceName)
    const arn = role === 'default' ? namespace?.defaultRole : role
    if (!arn) throw named('InvalidParameter', `The namespace ${namespaceName} has no default IAM role.`)
    if (!namespace?.roles.includes(arn) && arn !== namespace?.defaultRole) {
      throw named(
        'AccessDenied',
        `User ${namespace?.arn ?? namespaceName} is not authorized to assume IAM Role ${arn}: it is not associated with the namespace`,
      )
    }
    const known = this.#roles.get(arn)
    if (known && known.until > Date.now()) return known.principal
    const { principal } = this.#session(arn)
    this.#roles.set(arn, { principal, until: Date.now() + ROLE_MINUTES * 60_000 })
    return principal
  }

  #session(arn: string) {
    try {
      return this.#cloud.assumeRole(arn, SERVICES[0] as string, 'RedshiftIamRoleSession')
    } catch {
      return this.#cloud.assumeRole(arn, SERVICES[1] as string, 'RedshiftIamRoleSession')
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#idle.values()) clearTimeout(timer)
    await Promise.all(this.#closing.values())
    for (const warehouse of this.#open.values()) await warehouse.then((open) => open.close()).catch(() => {})
    this.#open.clear()
  }

  /** Closes the namespace's databases and deletes their files. */
  async remove(namespace: string): Promise<void> {
    for (const [key, warehouse] of this.#open) {
      if (!key.startsWith(`${namespace}/`)) continue
      await warehouse.then((open) => open.close()).catch(() => {})
      this.#open.delete(key)
    }
    await rm(join(this.#cloud.folder('redshift'), namespace), { recursive: true, force: true })
  }
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}
