/**
 * List prices of us-east-1 in US dollars, each with the page that it was held against and that page's own date. AWS shows most of its prices
 * by script only, so most pages are others' accounts of them; where none was found, the price is from memory and says so. Whoever counts
 * on them asks https://calculator.aws/ first, and other regions differ.
 */

/** When the pages were read. */
export const CHECKED = '2026-11-22'

interface Source {
  page: string
  /** The page's date, or that it has none. */
  dated: string
  /** What it says, where that is not the price itself. */
  says?: string
}

interface Price {
  /** US dollars for one of what the name ends with. */
  usd: number
  /** Undefined: from memory, held against nothing. */
  source?: Source
}

const vpc = {
  page: 'https://www.factualminds.com/blog/amazon-vpc-pricing-endpoints-peering-transit-gateway/',
  dated: '2026-06-13',
}
const cloudWatch = {
  page: 'https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/',
  dated: '2026-06-13',
}

const s3Requests = { page: 'https://c3x.dev/blog/s3-request-fees-explained', dated: 'no date' }

const list = {
  /** On-Demand, Linux. */
  m7gXlargeHour: {
    usd: 0.1632,
    source: {
      page: 'https://www.factualminds.com/blog/amazon-ec2-on-demand-pricing-instance-families-2026/',
      dated: '2026-06-17',
      says: 'an m7g.large, half of it, is 0.0816',
    },
  },
  /** EMR's own share, on top of EC2: a quarter of EC2's price. */
  emrM7gXlargeHour: { usd: 0.0408 },
  ebsGp3GbMonth: {
    usd: 0.08,
    source: { page: 'https://c3x.dev/resources/aws/aws_ebs_volume', dated: 'no date' },
  },
  publicAddressHour: { usd: 0.005, source: { ...vpc, says: '3.60 a month' } },
  s3StandardGbMonth: { usd: 0.023, source: { page: 'https://go-cloud.io/?p=10624', dated: 'no date' } },
  /** PUT, COPY, POST and LIST. */
  s3WriteRequest: { usd: 0.005 / 1000, source: s3Requests },
  /** GET and all others. */
  s3ReadRequest: { usd: 0.0004 / 1000, source: s3Requests },
  redshiftRpuHour: {
    usd: 0.36,
    source: {
      page: 'https://awsnegotiations.com/redshift-serverless-pricing.html',
      dated: '2026-05',
      says: 'roughly 0.36 to 0.50, by region',
    },
  },
  redshiftGbMonth: { usd: 0.024 },
  /** arm64 */
  lambdaGbSecond: {
    usd: 0.0000133334,
    source: { page: 'https://cloudchipr.com/blog/aws-lambda-pricing', dated: '2024' },
  },
  stateTransition: {
    usd: 0.025 / 1000,
    source: { page: 'https://aws.amazon.com/step-functions/pricing/', dated: 'no date' },
  },
  rdsT4gMicroHour: {
    usd: 0.016,
    source: {
      page: 'https://infratally.com/articles/aws-rds-pricing-explained-2026.html',
      dated: '2026',
      says: '0.016, for PostgreSQL',
    },
  },
  rdsGp3GbMonth: {
    usd: 0.115,
    source: { page: 'https://www.usage.ai/blogs/aws/reserved-instances/rds/pricing-calculator/', dated: '2026-06' },
  },
  /** Between availability zones, in and out together. */
  crossZoneGb: {
    usd: 0.02,
    source: { page: 'https://leanopstech.com/blog/aws-data-transfer-pricing-2026/', dated: '2026-04-27' },
  },
  interfaceEndpointHour: { usd: 0.01, source: vpc },
  secretMonth: {
    usd: 0.4,
    source: {
      page: 'https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms',
      dated: 'no date',
    },
  },
  /** Each metric that an alarm watches; the ten of the free tier are not taken off. */
  alarmMetricMonth: {
    usd: 0.1,
    source: {
      page: 'https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm',
      dated: 'no date',
      says: '0.10 a month for an alarm of standard resolution, which watches one metric',
    },
  },
  /** One with more than 50 metrics is none of the three free ones (https://aws.amazon.com/cloudwatch/pricing/). */
  dashboardMonth: { usd: 3, source: cloudWatch },
} satisfies Record<string, Price>

type Name = keyof typeof list

/** US dollars for one of what the name ends with. */
export const PRICES = Object.fromEntries(Object.entries(list).map(([name, { usd }]) => [name, usd])) as Record<
  Name,
  number
>

export const SOURCES: Readonly<Record<Name, Source | undefined>> = Object.fromEntries(
  Object.entries<Price>(list).map(([name, { source }]) => [name, source]),
) as Record<Name, Source | undefined>

/** The prices that were held against nothing. */
export const UNCHECKED = (Object.keys(list) as Name[]).filter((name) => !SOURCES[name])

export const CAVEAT =
  `List prices of us-east-1: of ${Object.keys(list).length}, ${Object.keys(list).length - UNCHECKED.length} were held against public pages ` +
  `on ${CHECKED}, and ${UNCHECKED.length} against none (${UNCHECKED.join(', ')}).`
