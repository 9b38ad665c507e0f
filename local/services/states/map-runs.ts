/** Map runs: the service's side of distributed Maps. */
import type { MapRunInfo, MapRunObserver } from '../../engines/states/ports.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { splitArn } from './arns.ts'
import { page } from './paging.ts'
import type { Rows } from './rows.ts'

export class MapRuns implements MapRunObserver {
  readonly #rows: Rows
  /** Those that run now, with their present counts. */
  readonly #live = new Map<string, MapRunInfo>()

  constructor(rows: Rows) {
    this.#rows = rows
  }

  started(run: MapRunInfo): void {
    this.#live.set(run.arn, run)
    this.#save(run)
  }

  changed(run: MapRunInfo): void {
    if (run.status !== 'RUNNING') this.#live.delete(run.arn)
    this.#save(run)
  }

  #save(run: MapRunInfo): void {
    this.#rows.mapRuns.put(run.arn, { ...run, machineName: run.arn.split(':')[6] })
  }

  #find(arn: unknown): MapRunInfo {
    splitArn(arn, 'mapRun')
    const run = this.#live.get(String(arn)) ?? (this.#rows.mapRuns.get(String(arn)) as MapRunInfo | undefined)
    if (!run) throw new AwsError('ResourceNotFound', `Resource not found: '${String(arn)}'`)
    return run
  }

  operations(): Record<string, Operation> {
    return {
      DescribeMapRun: (input) => {
        const run = this.#find(input.mapRunArn)
        const redrivable = { failuresNotRedrivable: 0, pendingRedrive: 0 }
        const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0)
        return {
          mapRunArn: run.arn,
          executionArn: run.executionArn,
          status: run.status,
          startDate: new Date(run.startTime),
          ...(run.stopTime !== undefined && { stopDate: new Date(run.stopTime) }),
          maxConcurrency: run.maxConcurrency,
          toleratedFailurePercentage: run.toleratedFailurePercentage,
          toleratedFailureCount: run.toleratedFailureCount,
          itemCounts: {
            ...run.itemCounts,
            total: sum(run.itemCounts),
            resultsWritten: run.resultsWritten,
            ...redrivable,
          },
          executionCounts: {
            ...run.counts,
            total: sum(run.counts),
            resultsWritten: run.resultsWritten,
            ...redrivable,
          },
          redriveCount: run.redriveCount,
        }
      },

      ListMapRuns: (input) => {
        const runs = this.#rows.mapRuns
          .entries()
          .map(([, run]) => run as MapRunInfo)
          .filter((run) => run.executionArn === input.executionArn)
          .sort((a, b) => b.startTime - a.startTime)
          .map((run) => ({
            executionArn: run.executionArn,
            mapRunArn: run.arn,
            stateMachineArn: run.arn.replace(':mapRun:', ':stateMachine:').split(':').slice(0, 7).join(':'),
            startDate: new Date(run.startTime),
            ...(run.stopTime !== undefined && { stopDate: new Date(run.stopTime) }),
          }))
        const { items, nextToken } = page(runs, input)
        return { mapRuns: items, ...nextToken }
      },

      UpdateMapRun: (input) => {
        const run = this.#find(input.mapRunArn)
        if (input.maxConcurrency !== undefined) run.maxConcurrency = input.maxConcurrency
        if (input.toleratedFailureCount !== undefined) run.toleratedFailureCount = input.toleratedFailureCount
        if (input.toleratedFailurePercentage !== undefined)
          run.toleratedFailurePercentage = input.toleratedFailurePercentage
        this.#save(run)
        return {}
      },
    }
  }
}
