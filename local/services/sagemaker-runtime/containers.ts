/** The containers behind endpoints: processes that hold a model. They start when they are needed and end when nobody asks for a while. */
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { Cloud } from '../../cloud.ts'
import type { Server } from '../../engines/image-classification/index.ts'

/** One variant of one deployment of an endpoint. */
export interface Route {
  key: string
  variant: string
  weight: number
  /** The path of model.tar.gz. */
  model: string
  views: 1 | 3
  roleArn: string
}

const IDLE_MS = 5 * 60_000
const SWEEP_MS = 30_000

interface Container {
  server: Promise<Server>
  lastUsed: number
}

export class Containers {
  readonly #cloud: Cloud
  readonly #running = new Map<string, Container>()
  readonly #sweeper: NodeJS.Timeout

  constructor(cloud: Cloud) {
    this.#cloud = cloud
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
    this.#sweeper.unref()
  }

  /** The container of a route, started if need be. @throws AlgorithmError when its model cannot be loaded */
  async serve(route: Route): Promise<Server> {
    const running = this.#running.get(route.key)
    const server = await running?.server
    if (running && server?.alive) {
      running.lastUsed = Date.now()
      return server
    }
    // Another request may have started it meanwhile.
    const current = this.#running.get(route.key)
    if (current && current !== running) return current.server
    const made: Container = { server: this.#start(route), lastUsed: Date.now() }
    this.#running.set(route.key, made)
    made.server.catch(() => this.#running.delete(route.key))
    return made.server
  }

  async stop(key: string): Promise<void> {
    const container = this.#running.get(key)
    this.#running.delete(key)
    await container?.server.then(
      (server) => server.close(),
      () => {},
    )
    await rm(this.#cloud.folder(`sagemaker/containers/${key}`), { recursive: true, force: true })
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper)
    await Promise.all([...this.#running.keys()].map((key) => this.stop(key)))
  }

  async #start({ key, model, views }: Route): Promise<Server> {
    const { Server } = await import('../../engines/image-classification/index.ts')
    const folder = this.#cloud.folder(`sagemaker/containers/${key}`)
    return Server.start({ model, folder, views, threads: availableParallelism() })
  }

  #sweep(): void {
    for (const [key, { lastUsed }] of this.#running) if (Date.now() - lastUsed > IDLE_MS) void this.stop(key)
  }
}
