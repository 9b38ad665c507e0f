/**
 * How fast and how big: what turns rows into hours and bytes. Three sources. PUBLISHED: the article that the batch workflow follows, whose
 * EMR cluster and Redshift are not named, so its rates are taken for the default cluster and workgroup. MEASURED: sample archives and what
 * the local cloud made of them; real loans are less regular and take more. ASSUMED: nobody measured it.
 */

/** PUBLISHED: 1.3 billion performance rows of 25 million loans, 1999 to 2017. */
export const ARTICLE = { performance: 1_300_000_000, origination: 25_000_000, quarters: 76 } as const

export const ROWS_PER_LOAN = ARTICLE.performance / ARTICLE.origination
export const ROWS_PER_QUARTER = ARTICLE.performance / ARTICLE.quarters

/** Rows a second. */
export const RATES = {
  /** PUBLISHED: EMR, 25 million rows in 140 s. */
  hiveOrigination: ARTICLE.origination / 140,
  /** PUBLISHED: EMR, 1.3 billion rows in 3.5 h, so 103,000 a second. */
  hivePerformance: ARTICLE.performance / (3.5 * 3600),
  /** PUBLISHED: 25 million rows into RDS in 723 s, with Sqoop. */
  mysql: ARTICLE.origination / 723,
  /** PUBLISHED: COPY of 1.3 billion rows (140 GB of text) in 3 h. */
  redshift: ARTICLE.performance / (3 * 3600),
} as const

/** Bytes a row. MEASURED: `stepwell generate`, layout r47, 7,000 loans; Parquet and export of 428,000 performance rows and 20,900 loans. */
export const BYTES = {
  archive: { origination: 29, performance: 17 },
  text: { origination: 131, performance: 111 },
  parquet: { origination: 19, performance: 8.5 },
  mysqlExport: 153,
} as const

/** ASSUMED, but for `partBytes`. */
export const ASSUMED = {
  /** An EMR cluster of this size takes that long until its first step; EC2 bills meanwhile. */
  clusterStartSeconds: 8 * 60,
  /** Creating tables, and the start of each step. */
  clusterStepsSeconds: 2 * 60,
  /** What Hive keeps of a performance row on the cluster's disks while it processes it: its line as Parquet in HDFS, and three shuffles. */
  clusterBytesPerRow: 250,
  /** A loan in MySQL's table, in staging, and in the binary log until RDS has taken that away. */
  databaseBytesPerLoan: 1000,
  /** The part of a disk that may be full. */
  fullDisk: 0.9,
  /** CountRecords reads again what was processed; as a share of the time of processing. */
  countShare: 0.1,
  /** CollectQuarter unzips and uploads that much text a second. */
  collectBytesPerSecond: 50e6,
  /** All functions but CollectQuarter and LoadMysql together: 512 MB and a few seconds each. */
  otherFunctionsGbSeconds: 30,
  /** Reconcile and Report ask the warehouse; a query bills a minute at least. */
  warehouseQueriesSeconds: 5 * 60,
  /** An object goes in parts, and is read in ranges, of about this size. */
  partBytes: 8e6,
  /** Small objects, listings and renames of a quarter. */
  requestsPerQuarter: 1000,
  transitionsPerRun: 27,
  /** One each to collect and to load, Redshift's and MySQL's; export files come besides. */
  transitionsPerQuarter: 8,
} as const

/** What the stack is deployed with: workflows/parameters.ts, cluster fleets, warehouse.ts, database.ts, batch functions. */
export const DEPLOYED = {
  primaryNodes: 1,
  coreNodes: 2,
  /** EMR's default for an xlarge instance: two volumes of 32 GB, and 15 GB for the system. */
  nodeDiskGb: 79,
  /** EMR's default for an xlarge instance, without the system's. */
  coreDiskGb: 64,
  rpus: 8,
  databaseGb: 20,
  collectGb: 2,
  /** Lambda's limit, and the time-out of CollectQuarter. */
  collectSeconds: 900,
  loadMysqlGb: 1,
  secrets: 3,
  /** AWS bills each metric of an alarm, and an alarm on lost executions adds up three. */
  alarmMetrics: 24,
} as const

export const HOURS_PER_MONTH = 730
