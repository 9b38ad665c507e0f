/**
 * List prices of us-east-1 in US dollars. They were written down from memory of AWS's public pages and are approximate; nobody checked
 * them against a price list. Whoever counts on them asks https://calculator.aws/ first, and other regions differ.
 */
export const WRITTEN_DOWN = '2026-11-22'

export const CAVEAT = `Prices are approximate list prices of us-east-1, written down on ${WRITTEN_DOWN} and not checked against a price list.`

/** US dollars for one of what the name ends with. */
export const PRICES = {
  /** On-Demand, Linux. */
  m7gXlargeHour: 0.1632,
  /** EMR's own share, on top of EC2. */
  emrM7gXlargeHour: 0.0408,
  ebsGp3GbMonth: 0.08,
  publicAddressHour: 0.005,
  s3StandardGbMonth: 0.023,
  /** PUT, COPY, POST and LIST. */
  s3WriteRequest: 0.005 / 1000,
  /** GET and all others. */
  s3ReadRequest: 0.0004 / 1000,
  redshiftRpuHour: 0.36,
  redshiftGbMonth: 0.024,
  /** arm64 */
  lambdaGbSecond: 0.0000133334,
  stateTransition: 0.025 / 1000,
  rdsT4gMicroHour: 0.016,
  rdsGp3GbMonth: 0.115,
  /** Between availability zones, in and out together. */
  crossZoneGb: 0.02,
  interfaceEndpointHour: 0.01,
  secretMonth: 0.4,
  alarmMonth: 0.1,
} as const
