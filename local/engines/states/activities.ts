/** Tasks of activities, waiting for workers that ask for them. */

export interface ActivityTask {
  readonly token: string
  readonly input: string
  /** A worker has taken the task. */
  started(workerName: string | undefined): void
}

export class Activities {
  readonly #tasks = new Map<string, Set<ActivityTask>>()
  readonly #workers = new Map<string, Set<() => void>>()

  /** Offers a task to the workers of an activity; the returned function takes it back. */
  schedule(arn: string, task: ActivityTask): () => void {
    const queue = this.#tasks.get(arn) ?? new Set()
    this.#tasks.set(arn, queue)
    queue.add(task)
    const worker = this.#workers.get(arn)?.values().next().value
    worker?.()
    return () => {
      queue.delete(task)
      if (queue.size === 0) this.#tasks.delete(arn)
    }
  }

  /** The oldest task of an activity, waiting up to `milliseconds` for one. */
  poll(arn: string, workerName: string | undefined, milliseconds: number): Promise<ActivityTask | undefined> {
    const take = (): ActivityTask | undefined => {
      const queue = this.#tasks.get(arn)
      const task = queue?.values().next().value
      if (!task) return undefined
      queue!.delete(task)
      task.started(workerName)
      return task
    }
    const ready = take()
    if (ready) return Promise.resolve(ready)
    return new Promise((resolve) => {
      const workers = this.#workers.get(arn) ?? new Set()
      this.#workers.set(arn, workers)
      const finish = () => {
        clearTimeout(timer)
        workers.delete(finish)
        if (workers.size === 0) this.#workers.delete(arn)
        resolve(take())
      }
      const timer = setTimeout(finish, milliseconds)
      timer.unref()
      workers.add(finish)
    })
  }
}
