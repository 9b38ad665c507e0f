import { describe, expect, it } from 'vitest'
import { Failed, type Play, run } from './run.ts'

const archive = (quarter: string) => ({
  quarter,
  name: `historical_data_${quarter}.zip`,
  size: 1,
  checksum: 'sha256:a',
})
const quarters = ['1999Q1', '1999Q2']
const plan = {
  found: 2,
  unchanged: 0,
  rejected: [] as object[],
  archives: quarters.map(archive),
  collect: quarters,
  process: quarters,
  load: quarters,
  stores: { mysql: true, redshift: true },
}
const counts = { origination: { raw: 1 }, performance: { raw: 2 } }

/** Functions as they are when all goes well. */
function functions(more: Record<string, Play> = {}, left: object = {}): Record<string, Play> {
  const step = () => ({ stepId: 's-1', clusterId: 'j-1' })
  return {
    ListArchives: () => ({ ...plan, ...left }),
    CollectQuarter: ({ archive }) => ({ quarter: archive.quarter, collected: true }),
    ClearQuarters: () => ({ removed: 0 }),
    CreateCluster: () => ({ clusterId: 'j-1' }),
    CreateTables: step,
    ProcessOrigination: step,
    ProcessPerformance: step,
    CountRecords: step,
    CheckQuality: () => ({ quarters: 2 }),
    TerminateCluster: () => ({ clusters: ['j-1'] }),
    PrepareMysql: () => ({ statements: 4 }),
    ListExportFiles: () => ({
      loads: quarters.map((quarter) => ({ parts: [{ quarter, key: `export/${quarter}`, size: 1 }] })),
    }),
    LoadMysql: () => ({ records: 5 }),
    SwapMysql: ({ quarter }) => ({ quarter, rows: 5 }),
    MeasureMysql: ({ quarters }) => ({
      measures: Object.fromEntries(quarters.map((quarter: string) => [quarter, '5'])),
    }),
    PrepareRedshift: () => ({ statements: 2 }),
    LoadRedshift: () => ({ statementId: 'q-1' }),
    Reconcile: () => ({ quarters: 2 }),
    Report: ({ archives }) => ({
      counts,
      report: {},
      ...(archives.rejected.length > 0 && { failure: { Error: 'ArchivesRejected', Cause: 'what to do' } }),
    }),
    NotifyFailure: ({ failure }) => ({ cause: `State ${failure.State}: told` }),
    ...more,
  }
}

const payloads = (result: { calls: { name: string; payload: any }[] }, name: string) =>
  result.calls.filter((call) => call.name === name).map((call) => call.payload)

describe('the batch workflow', () => {
  it('collects, processes, loads, reconciles and reports, and terminates its cluster before the loads', async () => {
    const result = await run('batch', functions())
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { counts } })
    const order = result.calls.map(({ name }) => name)
    expect(order.indexOf('TerminateCluster')).toBeLessThan(order.indexOf('PrepareMysql'))
    expect(payloads(result, 'CollectQuarter').map(({ archive }) => archive.quarter)).toEqual(quarters)
    expect(payloads(result, 'ProcessPerformance')).toMatchObject([
      { clusterId: 'j-1', quarters, state: 'ProcessPerformance', execution: { Name: 'run-1' } },
    ])
    expect(payloads(result, 'LoadMysql')).toHaveLength(2)
    expect(payloads(result, 'LoadRedshift').map(({ quarter }) => quarter)).toEqual(quarters)
    expect(payloads(result, 'Reconcile')).toMatchObject([
      { archives: plan.archives, quarters, stores: plan.stores, mysqlMeasures: { '1999Q1': '5', '1999Q2': '5' } },
    ])
  })

  it('ends with the report when nothing is new, without a cluster and without a load', async () => {
    const result = await run('batch', functions({}, { unchanged: 2, archives: [], collect: [], process: [], load: [] }))
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { counts } })
    expect(result.calls.map(({ name }) => name)).toEqual(['ListArchives', 'Report'])
    expect(payloads(result, 'Report')[0].archives).toEqual({ found: 2, collected: 0, unchanged: 2, rejected: [] })
  })

  it('goes on with the loads where an earlier execution had processed everything', async () => {
    const result = await run('batch', functions({}, { collect: [], process: [] }))
    expect(result.status).toBe('SUCCEEDED')
    for (const name of ['CollectQuarter', 'ClearQuarters', 'CreateCluster', 'TerminateCluster'])
      expect(payloads(result, name)).toEqual([])
  })

  it('handles one quarter as it does many', async () => {
    const one = { archives: [archive('1999Q1')], collect: ['1999Q1'], process: ['1999Q1'], load: ['1999Q1'] }
    const result = await run(
      'batch',
      functions({ ListExportFiles: () => ({ loads: [{ parts: [{ quarter: '1999Q1', key: 'k', size: 1 }] }] }) }, one),
    )
    expect(result.status).toBe('SUCCEEDED')
    expect(payloads(result, 'Reconcile')).toMatchObject([{ quarters: ['1999Q1'], mysqlMeasures: { '1999Q1': '5' } }])
  })

  it.each([
    ['MySQL', { mysql: false, redshift: true }, 'PrepareMysql', 'PrepareRedshift'],
    ['Redshift', { mysql: true, redshift: false }, 'PrepareRedshift', 'PrepareMysql'],
  ])('leaves %s out when the input says so', async (_, stores, out, inside) => {
    const result = await run('batch', functions({}, { stores }))
    expect(result.status).toBe('SUCCEEDED')
    expect(payloads(result, out)).toEqual([])
    expect(payloads(result, inside)).toHaveLength(1)
    expect(payloads(result, 'MeasureMysql')).toHaveLength(stores.mysql ? 1 : 0)
    expect(payloads(result, 'Reconcile')[0].mysqlMeasures).toEqual(
      stores.mysql ? { '1999Q1': '5', '1999Q2': '5' } : null,
    )
  })

  it('retries what can pass', async () => {
    let tries = 0
    const flaky = () => (++tries < 4 ? new Failed('TransientError') : { quarters: 2 })
    const result = await run('batch', functions({ CheckQuality: flaky }))
    expect(result.status).toBe('SUCCEEDED')
    expect(tries).toBe(4)
  })

  it('waits while what the last execution left comes to its end', async () => {
    let tries = 0
    const stopping = () => (++tries < 4 ? new Failed('PredecessorStopping') : plan)
    const result = await run('batch', functions({ ListArchives: stopping }))
    expect(result.status).toBe('SUCCEEDED')
    expect(tries).toBe(4)
  })

  const rejection = (quarter: string) => ({ ...archive(quarter), error: 'ArchiveCorrupt', reason: 'damaged' })
  const rejecting =
    (...out: string[]): Play =>
    ({ archive: { quarter } }) =>
      out.includes(quarter) ? { quarter, collected: false, rejected: rejection(quarter) } : { quarter, collected: true }

  it('does all the rest without an archive that is rejected, then fails by its own name', async () => {
    const result = await run('batch', functions({ CollectQuarter: rejecting('1999Q1') }))
    for (const [name, quarters] of [
      ['ClearQuarters', ['1999Q2']],
      ['ProcessOrigination', ['1999Q2']],
      ['CheckQuality', ['1999Q2']],
      ['ListExportFiles', ['1999Q2']],
      ['MeasureMysql', ['1999Q2']],
    ] as const)
      expect([name, payloads(result, name)]).toMatchObject([name, [{ quarters }]])
    expect(payloads(result, 'LoadRedshift').map(({ quarter }) => quarter)).toEqual(['1999Q2'])
    expect(payloads(result, 'SwapMysql').map(({ quarter }) => quarter)).toEqual(['1999Q2'])
    expect(payloads(result, 'Reconcile')).toMatchObject([{ archives: [archive('1999Q2')], quarters: ['1999Q2'] }])
    expect(payloads(result, 'Report')).toMatchObject([
      { quarters: ['1999Q2'], archives: { found: 2, collected: 1, unchanged: 0, rejected: [rejection('1999Q1')] } },
    ])
    expect(payloads(result, 'NotifyFailure')[0].failure).toEqual({
      Error: 'ArchivesRejected',
      Cause: 'what to do',
      State: 'IsAnyArchiveRejected',
    })
    expect(result).toMatchObject({
      status: 'FAILED',
      error: 'ArchivesRejected',
      cause: 'State IsAnyArchiveRejected: told',
    })
    expect(result.entered.slice(-5)).toEqual(['Report', 'IsAnyArchiveRejected', 'CleanUp', 'NotifyFailure', 'Failed'])
  })

  it('reports and fails when all archives are rejected, by this execution or an earlier one', async () => {
    const all = await run('batch', functions({ CollectQuarter: rejecting(...quarters) }))
    expect(all).toMatchObject({ status: 'FAILED', error: 'ArchivesRejected' })
    expect(all.calls.map(({ name }) => name)).toEqual([
      'ListArchives',
      ...quarters.map(() => 'CollectQuarter'),
      'Report',
      'TerminateCluster',
      'NotifyFailure',
    ])
    expect(payloads(all, 'Report')[0].archives).toMatchObject({ found: 2, collected: 0, unchanged: 0 })
    expect(payloads(all, 'Report')[0].archives.rejected).toHaveLength(2)

    const before = { found: 1, archives: [], collect: [], process: [], load: [], rejected: [rejection('1999Q1')] }
    const again = await run('batch', functions({}, before))
    expect(again).toMatchObject({ status: 'FAILED', error: 'ArchivesRejected' })
    expect(payloads(again, 'Report')).toMatchObject([
      { quarters: [], archives: { found: 1, collected: 0, unchanged: 0, rejected: [rejection('1999Q1')] } },
    ])
  })

  it('loads what an earlier execution had processed when all that is new is rejected', async () => {
    const left = { found: 3, unchanged: 1, collect: ['1999Q2'], process: ['1999Q2'], rejected: [rejection('1999Q3')] }
    const result = await run('batch', functions({ CollectQuarter: rejecting('1999Q2') }, left))
    expect(payloads(result, 'CreateCluster')).toEqual([])
    expect(payloads(result, 'LoadRedshift').map(({ quarter }) => quarter)).toEqual(['1999Q1'])
    const [{ archives }] = payloads(result, 'Report')
    expect(archives).toMatchObject({ found: 3, collected: 0, unchanged: 1 })
    expect(archives.rejected).toEqual([rejection('1999Q3'), rejection('1999Q2')])
  })

  it('makes a second cluster when a step finds none, and its tables again', async () => {
    let clusters = 0
    const result = await run(
      'batch',
      functions({
        CreateCluster: () => ({ clusterId: `j-${++clusters}` }),
        ProcessPerformance: ({ clusterId }) => (clusterId === 'j-1' ? new Failed('ClusterMissing') : { stepId: 's-2' }),
      }),
    )
    expect(result.status).toBe('SUCCEEDED')
    expect(payloads(result, 'CreateTables').map(({ clusterId }) => clusterId)).toEqual(['j-1', 'j-2'])
    // What the first cluster has written stays.
    expect(payloads(result, 'ClearQuarters')).toMatchObject([{ quarters }])
  })

  it('carries 109 quarters', async () => {
    const all = Array.from({ length: 109 }, (_, i) => `${1999 + Math.floor(i / 4)}Q${(i % 4) + 1}`)
    const archives = all.map((quarter) => ({ ...archive(quarter), checksum: `sha256:${'f'.repeat(64)}` }))
    const loads = all.flatMap((quarter) =>
      [0, 1].map((i) => ({
        parts: [{ quarter, key: `export/origination/quarter=${quarter}/00000${i}_0`, size: 64_000_000 }],
      })),
    )
    const result = await run(
      'batch',
      functions({ ListExportFiles: () => ({ loads }) }, { archives, collect: all, process: all, load: all }),
    )
    expect(result.status).toBe('SUCCEEDED')
    expect(payloads(result, 'CollectQuarter')).toHaveLength(109)
    expect(payloads(result, 'LoadMysql')).toHaveLength(218)
    expect(Object.keys(payloads(result, 'Reconcile')[0].mysqlMeasures)).toHaveLength(109)
  })
})

describe('a failure of the batch workflow', () => {
  it.each([
    ['ListArchives', 'ListArchives', 'SourceLoginError'],
    ['CollectQuarter', 'CollectQuarters', 'AccessDenied'],
    ['ClearQuarters', 'ClearQuarters', 'AccessDenied'],
    ['CreateCluster', 'CreateCluster', 'ClusterLost'],
    ['ProcessOrigination', 'ProcessOrigination', 'HiveStepFailed'],
    ['CheckQuality', 'CheckQuality', 'QualityError'],
    ['TerminateCluster', 'TerminateCluster', 'AccessDeniedException'],
    ['LoadMysql', 'LoadStores', 'MysqlLoadRefused'],
    ['LoadRedshift', 'LoadStores', 'RedshiftStatementFailed'],
    ['ListArchives', 'ListArchives', 'PredecessorStopping'],
    ['ClearQuarters', 'ClearQuarters', 'ExecutionSuperseded'],
    ['MeasureMysql', 'MeasureMysql', 'MysqlError'],
    ['Reconcile', 'Reconcile', 'ReconciliationError'],
    ['Report', 'Report', 'AccessDenied'],
  ])('in %s cleans up, tells of it, and ends with its name', async (name, state, error) => {
    const result = await run('batch', functions({ [name]: () => new Failed(error, 'the reason') }))
    expect(result).toMatchObject({ status: 'FAILED', error, cause: `State ${state}: told` })
    expect(result.entered.slice(-3)).toEqual(['CleanUp', 'NotifyFailure', 'Failed'])
    const [told] = payloads(result, 'NotifyFailure')
    expect(told.failure).toMatchObject({ State: state, Error: error })
    expect(JSON.parse(told.failure.Cause)).toMatchObject({ errorMessage: 'the reason' })
  })

  it('that goes on passing ends after six retries', async () => {
    const result = await run('batch', functions({ ListArchives: () => new Failed('TransientError') }))
    expect(result).toMatchObject({ status: 'FAILED', error: 'TransientError' })
    expect(payloads(result, 'ListArchives')).toHaveLength(7)
  })

  it('keeps its own name and cause when neither cleaning up nor telling works', async () => {
    const broken = () => new Failed('AccessDeniedException')
    const result = await run(
      'batch',
      functions(
        {
          Reconcile: () => new Failed('ReconciliationError', 'the reason'),
          TerminateCluster: broken,
          NotifyFailure: broken,
        },
        { process: [] },
      ),
    )
    expect(result).toMatchObject({ status: 'FAILED', error: 'ReconciliationError' })
    expect(result.cause).toContain('the reason')
  })
})
