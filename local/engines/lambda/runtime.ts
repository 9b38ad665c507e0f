/** All sandboxes of all functions: warm ones are used again, idle ones end, and there are never too many at once. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { FunctionSpec, Invocation, InvocationResult } from './function.ts'
import { Sandbox, SandboxGoneError } from './sandbox.ts'

export interface SandboxLimits {
  /** Sandboxes at once, busy or idle; an invocation beyond them ends an idle one, or waits. Each takes some 30 MB. */
  readonly sandboxes: number
  /** How long an idle one is kept. */
  readonly idleMs: number
}

/** Threads beyond this many cost memory, and a workflow that runs once gains nothing by them. */
const LEAN: SandboxLimits = { sandboxes: Math.max(8, 4 * availableParallelism()), idleMs: 10_000 }
/** All functions of a workflow stay warm until it runs the next time: a run then takes a third of the processor time. */
export const WARM: SandboxLimits = { sandboxes: 48, idleMs: 60_000 }
const SWEEP_MS = 2_000

export class LambdaRuntime {
  readonly #limits: SandboxLimits
  readonly #sandboxes = new Map<string, Set<Sandbox>>()
  readonly #waiting: (() => void)[] = []
  readonly #sweeper: NodeJS.Timeout
  #count = 0
  #serial = 0
  #closed = false

  constructor(limits = LEAN) {
    this.#limits = limits
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
    this.#sweeper.unref()
  }

  /** @throws SandboxGoneError when the runtime was closed before the invocation was taken up */
  async invoke(spec: FunctionSpec, invocation: Invocation): Promise<InvocationResult> {
    for (;;) {
      if (this.#closed) throw new SandboxGoneError('The runtime is closed.')
      const sandbox = await this.#acquire(spec)
      try {
        return await sandbox.invoke(invocation)
      } catch (error) {
        if (!(error instanceof SandboxGoneError) || this.#closed) throw error
      } finally {
        sandbox.busy = false
        this.#waiting.shift()?.()
      }
    }
  }

  /** Ends the sandboxes of a function whose code or configuration has changed. */
  async recycle(name: string): Promise<void> {
    const sandboxes = [...(this.#sandboxes.get(name) ?? [])]
    await Promise.all(sandboxes.map((sandbox) => sandbox.close()))
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweeper)
    await Promise.all([...this.#sandboxes.keys()].map((name) => this.recycle(name)))
  }

  async #acquire(spec: FunctionSpec): Promise<Sandbox> {
    for (;;) {
      const own = this.#sandboxes.get(spec.name) ?? new Set<Sandbox>()
      this.#sandboxes.set(spec.name, own)
      for (const sandbox of own) {
        if (!sandbox.busy && !sandbox.dead) {
          sandbox.busy = true
          return sandbox
        }
      }
      if (this.#count < this.#limits.sandboxes || this.#evictIdle()) return this.#start(spec, own)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #start(spec: FunctionSpec, own: Set<Sandbox>): Sandbox {
    this.#count++
    this.#serial++
    const sandbox = new Sandbox({ ...spec, temp: join(spec.temp, String(this.#serial)) })
    own.add(sandbox)
    sandbox.onDeath = () => {
      if (own.delete(sandbox)) this.#count--
    }
    return sandbox
  }

  #evictIdle(): boolean {
    let oldest: Sandbox | undefined
    for (const own of this.#sandboxes.values()) {
      for (const sandbox of own) {
        if (!sandbox.busy && (!oldest || sandbox.lastUsed < oldest.lastUsed)) oldest = sandbox
      }
    }
    void oldest?.close()
    return oldest !== undefined
  }

  #sweep(): void {
    const limit = Date.now() - this.#limits.idleMs
    for (const own of this.#sandboxes.values()) {
      for (const sandbox of own) if (!sandbox.busy && sandbox.lastUsed < limit) void sandbox.close()
    }
  }
}
