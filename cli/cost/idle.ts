/** What the stack costs in a month in which nothing runs, without stream and endpoint: docs/deploy.md says why each is there. */
import { type CostLine, line } from './line.ts'
import { PRICES } from './prices.ts'
import { DEPLOYED, HOURS_PER_MONTH } from './rates.ts'

/** @param busy hours of the month that the run takes: the database's are among the run's lines, so they are not counted twice */
export function idleLines(busy: number): CostLine[] {
  const rest = Math.max(HOURS_PER_MONTH - busy, 0)
  return [
    line(
      'idle',
      'RDS for MySQL',
      rest,
      'db.t4g.micro h',
      PRICES.rdsT4gMicroHour,
      'the hours of a month without the run; one zone',
    ),
    line(
      'idle',
      'RDS for MySQL: disk',
      DEPLOYED.databaseGb,
      'GB month',
      PRICES.rdsGp3GbMonth,
      'gp3, as deployed; it grows when it is nearly full',
    ),
    line('idle', 'interface endpoint', HOURS_PER_MONTH, 'h', PRICES.interfaceEndpointHour, 'Secrets Manager, one zone'),
    line('idle', 'secrets', DEPLOYED.secrets, 'month', PRICES.secretMonth, "MySQL's, Redshift's, the download site's"),
    line(
      'idle',
      'alarms',
      DEPLOYED.alarmMetrics,
      'metric month',
      PRICES.alarmMetricMonth,
      'metrics that alarms watch, those of stream and model too; the first ten of an account are free',
    ),
    line('idle', 'dashboard', 1, 'month', PRICES.dashboardMonth, 'it draws more than the 50 metrics of a free one'),
  ]
}
