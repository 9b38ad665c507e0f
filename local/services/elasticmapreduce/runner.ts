/** The life of clusters: from STARTING over their steps to TERMINATED. */
import { readFile, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { HiveSession } from '../../engines/hive/index.ts'
import type { Principal } from '../../gateway/principal.ts'
import { BadStep, hiveCommand } from './command.ts'
import type { Events } from './events.ts'
import { StepLogs, stepLogUri } from './logs.ts'
import {
  type ClusterRecord,
  type ClusterState,
  isEnding,
  isOver,
  type StateChangeReason,
  type StepRecord,
  type StepState,
  type Store,
} from './store.ts'

/** How fast time passes for clusters, in milliseconds. */
export interface Pace {
  /** Each of STARTING and BOOTSTRAPPING; minutes on AWS. */
  readonly starting: number
  /** A second of AutoTerminationPolicy. */
  readonly idleSecond: number
}

/** What a living cluster has beyond its record. */
interface Live {
  nodes: Principal
  session: Promise<HiveSession> | undefined
  /** Who Hive acts as: the nodes' role, or the running step's own. */
  actsAs: Principal
  running: { step: StepRecord; stop: AbortController } | undefined
  idle: NodeJS.Timeout | undefined
  busy: Promise<void>
}

export class Runner {
  readonly #store: Store
  readonly #events: Events
  readonly #pace: Pace
  readonly #live = new Map<string, Live>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #closed = false

  constructor(store: Store, events: Events, pace: Pace) {
    this.#store = store
    this.#events = events
    this.#pace = pace
  }

  /** Brings a new cluster up; a role that EMR or its nodes cannot take ends it with a validation error. */
  start(cluster: ClusterRecord): void {
    const { cloud } = this.#store
    this.#events.cluster(cluster)
    for (const step of cluster.steps) this.#events.step(cluster, step)
    try {
      cloud.assumeRole(cluster.serviceRoleArn, 'elasticmapreduce.amazonaws.com', cluster.id)
      const nodes = cloud.assumeRole(cluster.nodeRoleArn, 'ec2.amazonaws.com', cluster.id).principal
      this.#live.set(cluster.id, {
        nodes,
        session: undefined,
        actsAs: nodes,
        running: undefined,
        idle: undefined,
        busy: Promise.resolve(),
      })
    } catch (error) {
      this.#after(
        0,
        () => void this.terminate(cluster.id, { Code: 'VALIDATION_ERROR', Message: (error as Error).message }),
      )
      return
    }
    this.#after(this.#pace.starting, () => {
      if (this.#store.cluster(cluster.id).state !== 'STARTING') return
      this.#toState(cluster.id, 'BOOTSTRAPPING', {})
      this.#after(this.#pace.starting, () => {
        const current = this.#store.cluster(cluster.id)
        if (current.state !== 'BOOTSTRAPPING') return
        current.ready = new Date().toISOString()
        this.#store.save(current)
        this.proceed(cluster.id)
      })
    })
  }

  /** Tells of new steps, and runs them when it is their turn. */
  added(cluster: ClusterRecord, steps: readonly StepRecord[]): void {
    for (const step of steps) this.#events.step(cluster, step)
    if (cluster.ready) this.proceed(cluster.id)
  }

  /** Runs pending steps one after the other, then waits or ends. */
  proceed(clusterId: string): void {
    const live = this.#live.get(clusterId)
    if (!live) return
    live.busy = live.busy.then(async () => {
      for (;;) {
        const cluster = this.#store.cluster(clusterId)
        if (this.#closed || isEnding(cluster)) return
        const step = cluster.steps.find((s) => s.state === 'PENDING')
        if (!step) return this.#rest(cluster, live)
        clearTimeout(live.idle)
        if (cluster.state !== 'RUNNING') this.#toState(clusterId, 'RUNNING', { Message: 'Running step' })
        await this.#run(clusterId, step.id, live)
      }
    })
  }

  /** No steps left: wait for more, or end. */
  #rest(cluster: ClusterRecord, live: Live): void {
    if (!cluster.keepAlive && cluster.steps.length) {
      void this.terminate(cluster.id, { Code: 'ALL_STEPS_COMPLETED', Message: 'Steps completed' })
      return
    }
    if (cluster.state !== 'WAITING') {
      this.#toState(cluster.id, 'WAITING', {
        Message: cluster.steps.length ? 'Cluster ready after last step completed.' : 'Cluster ready to run steps.',
      })
    }
    this.watchIdle(cluster.id, live)
  }

  /** The auto-termination policy counts from when the cluster became idle. */
  watchIdle(clusterId: string, live = this.#live.get(clusterId)): void {
    if (!live) return
    clearTimeout(live.idle)
    const cluster = this.#store.cluster(clusterId)
    if (cluster.state !== 'WAITING' || cluster.idleTimeout === undefined) return
    live.idle = this.#after(cluster.idleTimeout * this.#pace.idleSecond, () => {
      void this.terminate(clusterId, { Code: 'USER_REQUEST', Message: 'Cluster auto-terminated after being idle' })
    })
  }

  async #run(clusterId: string, stepId: string, live: Live): Promise<void> {
    const { cloud } = this.#store
    const stop = new AbortController()
    const started = this.#toStepState(clusterId, stepId, 'RUNNING', (step) => {
      step.started = new Date().toISOString()
    })
    live.running = { step: started, stop }
    const cluster = this.#store.cluster(clusterId)
    const logs = new StepLogs(cloud, cluster, started)
    logs.controller(`startExec 'hadoop jar ${started.jar} ${started.args.join(' ')}'`)
    let failure: Error | undefined
    try {
      await this.#hive(cluster, started, live, logs, stop.signal)
      logs.controller('waitProcessCompletion ended with exit code 0')
    } catch (error) {
      failure = error as Error
      if (failure instanceof BadStep) logs.output('stderr', failure.message)
      logs.controller(
        `waitProcessCompletion ended with exit code ${failure instanceof BadStep ? 1 : 2}: ${failure.message}`,
        'ERROR',
      )
    }
    if (this.#closed) return
    live.running = undefined
    live.actsAs = live.nodes
    await logs.write(live.nodes)
    if (stop.signal.aborted) this.#toStepState(clusterId, stepId, 'CANCELLED', ended)
    else if (!failure) this.#toStepState(clusterId, stepId, 'COMPLETED', ended)
    else this.#failed(clusterId, stepId, failure)
  }

  async #hive(
    cluster: ClusterRecord,
    step: StepRecord,
    live: Live,
    logs: StepLogs,
    signal: AbortSignal,
  ): Promise<void> {
    const { cloud } = this.#store
    const command = hiveCommand(step.jar, step.args)
    if (step.executionRoleArn)
      live.actsAs = cloud.assumeRole(step.executionRoleArn, 'ec2.amazonaws.com', step.id).principal
    live.session ??= this.#session(cluster.id, live)
    const session = await live.session
    const uri = 'uri' in command.script ? command.script.uri : undefined
    let text = 'text' in command.script ? command.script.text : ''
    if (uri) {
      try {
        text = await readFile(await cloud.locate(live.actsAs, uri, 'read'), 'utf8')
      } catch (error) {
        const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
        throw new BadStep(
          `The script ${uri} cannot be read: ${missing ? 'there is no such object' : (error as Error).message}`,
        )
      }
    }
    await session.run({
      name: uri ? uri.slice(uri.lastIndexOf('/') + 1) : 'hive -e',
      text,
      variables: command.variables,
      conf: command.conf,
      signal,
      onLog: ({ stream, text: line }) => logs.output(stream, line),
    })
  }

  async #session(clusterId: string, live: Live): Promise<HiveSession> {
    const { cloud } = this.#store
    const { createHive } = await import('../../engines/hive/index.ts')
    return await createHive({
      locate: (uri, access) => cloud.locate(live.actsAs, uri, access),
      hdfs: cloud.folder(`emr/${clusterId}/hdfs`),
      temp: cloud.folder(`emr/${clusterId}/temp`),
      threads: availableParallelism(),
    })
  }

  #failed(clusterId: string, stepId: string, error: Error): void {
    const step = this.#toStepState(clusterId, stepId, 'FAILED', (record, cluster) => {
      ended(record)
      const logs = stepLogUri(cluster, stepId)
      record.failure = {
        Reason: error instanceof BadStep ? 'Illegal Argument.' : 'Unknown Error.',
        Message: `${error.name === 'BadStep' ? 'Exception' : error.name}: ${error.message}`,
        ...(logs && { LogFile: `${logs}stderr.gz` }),
      }
    })
    if (step.actionOnFailure === 'CONTINUE') return
    this.cancelPending(clusterId)
    if (step.actionOnFailure.startsWith('TERMINATE'))
      void this.terminate(clusterId, { Code: 'STEP_FAILURE', Message: 'Shut down as step failed' })
  }

  cancelPending(clusterId: string): void {
    for (const step of this.#store.cluster(clusterId).steps) {
      if (step.state === 'PENDING') this.#toStepState(clusterId, step.id, 'CANCELLED', ended)
    }
  }

  /** A pending step is cancelled at once, a running one as soon as its statement lets go. False for a step that is over. */
  cancel(clusterId: string, stepId: string): boolean {
    const step = this.#store.step(this.#store.cluster(clusterId), stepId)
    const running = this.#live.get(clusterId)?.running
    if (step.state === 'PENDING') this.#toStepState(clusterId, stepId, 'CANCELLED', ended)
    else if (step.state === 'RUNNING' && running?.step.id === stepId) {
      this.#toStepState(clusterId, stepId, 'CANCEL_PENDING')
      running.stop.abort(new Error('CancelSteps'))
    } else return false
    return true
  }

  /** Ends a cluster: its steps are cancelled, Hive and HDFS go. */
  async terminate(clusterId: string, reason: StateChangeReason): Promise<void> {
    const cluster = this.#store.cluster(clusterId)
    if (isEnding(cluster)) return
    this.#toState(clusterId, 'TERMINATING', reason)
    const live = this.#live.get(clusterId)
    clearTimeout(live?.idle)
    live?.running?.stop.abort(new Error(reason.Message))
    this.cancelPending(clusterId)
    // A terminate from within the loop of steps must not wait for itself.
    this.#after(0, async () => {
      await live?.busy
      await (await live?.session?.catch(() => undefined))?.close()
      this.#live.delete(clusterId)
      await rm(this.#store.cloud.folder(`emr/${clusterId}`), { recursive: true, force: true })
      const errors = !['USER_REQUEST', 'ALL_STEPS_COMPLETED'].includes(reason.Code ?? '')
      this.#toState(clusterId, errors ? 'TERMINATED_WITH_ERRORS' : 'TERMINATED', reason)
    })
  }

  /** After a restart of the local cloud, the processes of its clusters are gone. */
  async bury(): Promise<void> {
    for (const [id, cluster] of this.#store.clusters.entries()) {
      if (isOver(cluster)) continue
      this.cancelPending(id)
      for (const step of cluster.steps) {
        if (step.state === 'RUNNING' || step.state === 'CANCEL_PENDING') {
          this.#toStepState(id, step.id, 'FAILED', (record) => {
            ended(record)
            record.failure = { Reason: 'Unknown Error.', Message: 'The local cloud was stopped while the step ran.' }
          })
        }
      }
      await rm(this.#store.cloud.folder(`emr/${id}`), { recursive: true, force: true })
      this.#toState(id, 'TERMINATED_WITH_ERRORS', {
        Code: 'INSTANCE_FAILURE',
        Message: 'The local cloud was stopped while the cluster ran.',
      })
    }
  }

  /** Stops what runs, without a word: the cloud goes down, and the next start tells. */
  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const live of this.#live.values()) {
      live.running?.stop.abort(new Error('The local cloud is stopping'))
      await (await live.session?.catch(() => undefined))?.close()
    }
    this.#live.clear()
  }

  #after(milliseconds: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, milliseconds)
    this.#timers.add(timer)
    return timer
  }

  #toState(clusterId: string, state: ClusterState, reason: StateChangeReason): void {
    const cluster = this.#store.cluster(clusterId)
    if (isOver(cluster)) return
    cluster.state = state
    cluster.reason = reason
    if (isOver(cluster)) cluster.ended = new Date().toISOString()
    this.#store.save(cluster)
    this.#store.cloud.log('info', `The cluster ${cluster.name} (${clusterId}) is ${state}`, {
      service: 'emr',
      clusterId,
      ...reason,
    })
    this.#events.cluster(cluster)
  }

  #toStepState(
    clusterId: string,
    stepId: string,
    state: StepState,
    change?: (step: StepRecord, cluster: ClusterRecord) => void,
  ): StepRecord {
    const cluster = this.#store.cluster(clusterId)
    const step = this.#store.step(cluster, stepId)
    step.state = state
    change?.(step, cluster)
    this.#store.save(cluster)
    this.#store.cloud.log('info', `The step ${step.name} (${stepId}) is ${state}`, {
      service: 'emr',
      clusterId,
      stepId,
    })
    this.#events.step(cluster, step)
    return step
  }
}

const ended = (step: StepRecord): void => {
  step.ended = new Date().toISOString()
}
