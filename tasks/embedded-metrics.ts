/**
 * Numbers as metrics of CloudWatch, in its embedded metric format: a line of the function's log that CloudWatch reads numbers from, so a
 * function needs no permission and makes no call for them.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */

/** One line, with one dimension. @param counts metric → number */
export function embeddedMetrics(
  Namespace: string,
  dimension: readonly [name: string, value: string],
  counts: Readonly<Record<string, number>>,
  at: Date,
): string {
  const [name, value] = dimension
  return JSON.stringify({
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        { Namespace, Dimensions: [[name]], Metrics: Object.keys(counts).map((Name) => ({ Name, Unit: 'Count' })) },
      ],
    },
    [name]: value,
    ...counts,
  })
}
