/** What a run with rows adds to the bill, and what it leaves to be stored. */
import type { RunSize } from './estimate.ts'
import { type CostLine, line } from './line.ts'
import { PRICES } from './prices.ts'
import { ASSUMED, BYTES, DEPLOYED, HOURS_PER_MONTH, RATES } from './rates.ts'

/** Seconds. */
export type Durations = Record<'cluster' | 'collect' | 'mysql' | 'redshift' | 'run', number>

export function durations({ loans, rows }: RunSize): Durations {
  const hive = (loans / RATES.hiveOrigination + rows / RATES.hivePerformance) * (1 + ASSUMED.countShare)
  const cluster = ASSUMED.clusterStartSeconds + ASSUMED.clusterStepsSeconds + hive
  const collect = bytes({ loans, rows }, BYTES.text) / ASSUMED.collectBytesPerSecond
  const mysql = loans / RATES.mysql
  const redshift = (loans + rows) / RATES.redshift + ASSUMED.warehouseQueriesSeconds
  // Stores load beside each other, up to four quarters are collected at once; this counts them one by one, so a run is shorter.
  return { cluster, collect, mysql, redshift, run: collect + cluster + mysql + redshift }
}

function bytes({ loans, rows }: Pick<RunSize, 'loans' | 'rows'>, row: { origination: number; performance: number }) {
  return loans * row.origination + rows * row.performance
}

export function runLines(size: RunSize, times: Durations): CostLine[] {
  const nodes = DEPLOYED.primaryNodes + DEPLOYED.coreNodes
  const nodeHours = (nodes * times.cluster) / 3600
  const cluster = `${nodes} nodes for ${hours(times.cluster)}: ${minutes(ASSUMED.clusterStartSeconds)} to start, then the article's 179k loans/s and 103k rows/s`
  const [archives, text, parquet] = [bytes(size, BYTES.archive), bytes(size, BYTES.text), bytes(size, BYTES.parquet)]
  const mysqlExport = size.loans * BYTES.mysqlExport
  const parts = (total: number) => Math.ceil(total / ASSUMED.partBytes)
  const writes = parts(archives + text + parquet + mysqlExport) + size.quarters * ASSUMED.requestsPerQuarter
  // Hive reads text twice, to process and to count; stores and reconciliation read the rest.
  const reads = parts(archives + 2 * text + 2 * parquet + mysqlExport) + size.quarters * ASSUMED.requestsPerQuarter
  const gbSeconds =
    times.collect * DEPLOYED.collectGb + times.mysql * DEPLOYED.loadMysqlGb + ASSUMED.otherFunctionsGbSeconds
  const transitions = ASSUMED.transitionsPerRun + size.quarters * ASSUMED.transitionsPerQuarter
  return [
    line('run', 'EMR cluster: EC2', nodeHours, 'm7g.xlarge h', PRICES.m7gXlargeHour, cluster),
    line('run', 'EMR cluster: EMR', nodeHours, 'm7g.xlarge h', PRICES.emrM7gXlargeHour, 'on top of EC2'),
    line(
      'run',
      'EMR cluster: disks',
      (nodeHours * DEPLOYED.nodeDiskGb) / HOURS_PER_MONTH,
      'GB month',
      PRICES.ebsGp3GbMonth,
      `${DEPLOYED.nodeDiskGb} GB a node while it lives`,
    ),
    line(
      'run',
      'EMR cluster: addresses',
      nodeHours,
      'address h',
      PRICES.publicAddressHour,
      'one public IPv4 address a node, no NAT gateway',
    ),
    line(
      'run',
      'Redshift Serverless',
      (times.redshift / 3600) * DEPLOYED.rpus,
      'RPU h',
      PRICES.redshiftRpuHour,
      `${DEPLOYED.rpus} RPU; the article's 120k rows/s of COPY, 5 min of queries`,
    ),
    line(
      'run',
      'Lambda',
      gbSeconds,
      'GB s',
      PRICES.lambdaGbSecond,
      'unzips 50 MB/s with 2 GB, loads MySQL at 35k loans/s with 1 GB',
    ),
    line(
      'run',
      'Step Functions',
      transitions,
      'transitions',
      PRICES.stateTransition,
      `${ASSUMED.transitionsPerRun}, and ${ASSUMED.transitionsPerQuarter} a quarter, without retries`,
    ),
    line('run', 'S3: writes', writes, 'requests', PRICES.s3WriteRequest, 'parts of 8 MB, 1,000 small ones a quarter'),
    line(
      'run',
      'S3: reads',
      reads,
      'requests',
      PRICES.s3ReadRequest,
      'ranges of 8 MB; text and Parquet are read twice',
    ),
    line(
      'run',
      'RDS for MySQL',
      times.run / 3600,
      'db.t4g.micro h',
      PRICES.rdsT4gMicroHour,
      `the run's share of its month, ${hours(times.run)} with nothing at a time`,
    ),
    line('run', 'transfer: zones', mysqlExport / 1e9, 'GB', PRICES.crossZoneGb, 'Lambda to MySQL in another zone'),
    line(
      'run',
      'transfer: S3',
      (archives + 2 * text + 2 * parquet + mysqlExport) / 1e9,
      'GB',
      0,
      'free in the region and from the internet',
    ),
  ]
}

export function storageLines(size: RunSize): CostLine[] {
  const parquet = bytes(size, BYTES.parquet)
  const s3 = bytes(size, BYTES.archive) + bytes(size, BYTES.text) + parquet + size.loans * BYTES.mysqlExport
  return [
    line(
      'storage',
      'S3',
      s3 / 1e9,
      'GB month',
      PRICES.s3StandardGbMonth,
      'archives, text, Parquet, export; the first month, before they cool',
    ),
    line('storage', 'Redshift', parquet / 1e9, 'GB month', PRICES.redshiftGbMonth, 'as big as Parquet'),
  ]
}

const hours = (seconds: number) => `${(seconds / 3600).toFixed(2)} h`
const minutes = (seconds: number) => `${Math.round(seconds / 60)} min`
