/** What hql/process-performance.hql does with Release 47, written for DuckDB by hand: the measure of bench/hive.ts. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  ANY_NAME,
  code,
  date,
  FLAG,
  type HandPaths,
  IDENTIFIER,
  line,
  MONTH,
  matches,
  NAME,
  number,
  PERIOD,
  type Rows,
  scan,
  TEXT,
  TIDY,
  text,
} from './by-hand.ts'

const AMOUNT = '(?:-?[0-9]{1,12}(?:[.][0-9]{1,2})?)?'
const PROCEEDS = '(?:-?[0-9]{1,10}(?:[.][0-9]{1,2})?|U|C)?'
const MONTHS = '(?:-?[0-9]{1,3})?'
const ELTV = '(?:[0-9]{1,4})?'
const RATE = '(?:[0-9]{1,5}(?:[.][0-9]{1,3})?)?'
const DELINQUENCY = '(?:[0-9]{1,3}|RA|R|XX)?'
const BALANCE_CODE = '(?:0?[12369]|15|16|96)?'
const amounts = (count: number) => Array.from({ length: count }, () => AMOUNT)

const SOUND = line(
  IDENTIFIER,
  PERIOD,
  AMOUNT,
  DELINQUENCY,
  MONTHS,
  MONTHS,
  MONTH,
  '[YPN]?',
  BALANCE_CODE,
  MONTH,
  RATE,
  AMOUNT,
  MONTH,
  AMOUNT,
  PROCEEDS,
  ...amounts(8),
  FLAG,
  '[CPY]?',
  ELTV,
  ...amounts(2),
  FLAG,
  '[FRT]?',
  ...amounts(2),
  '[YN79]?',
  NAME,
  AMOUNT,
)
const AMOUNTS = [3, 12, 14, 16, 17, 18, 19, 20, 21, 22, 23, 27, 28, 31, 32, 35]

const money = (i: number) => number(i, 'DECIMAL(14,2)')

const columns: readonly (readonly [name: string, sql: string])[] = [
  ['loan_identifier', 'loan'],
  ['period', "CAST(substr(period, 1, 4) || '-' || substr(period, 5, 2) || '-01' AS DATE)"],
  ['current_actual_upb', money(3)],
  [
    'delinquency_status',
    "CASE WHEN f[4] IN ('', 'XX') THEN NULL WHEN f[4] = 'R' THEN 'RA' WHEN length(f[4]) = 1 THEN '0' || f[4] ELSE f[4] END",
  ],
  ['loan_age', number(5, 'SMALLINT')],
  ['remaining_months_to_maturity', number(6, 'SMALLINT')],
  ['defect_settlement_date', date(7)],
  ['modification_flag', text(8)],
  ['zero_balance_code', "CASE WHEN f[9] = '' THEN NULL WHEN f[9] IN ('6', '06') THEN '96' ELSE lpad(f[9], 2, '0') END"],
  ['zero_balance_effective_date', date(10)],
  ['current_interest_rate', number(11, 'DECIMAL(8,3)')],
  ['current_non_interest_bearing_upb', money(12)],
  ['ddlpi', date(13)],
  ['mi_recoveries', money(14)],
  ['net_sales_proceeds', text(15)],
  ['non_mi_recoveries', money(16)],
  ['total_expenses', money(17)],
  ['legal_costs', money(18)],
  ['maintenance_preservation_costs', money(19)],
  ['taxes_and_insurance', money(20)],
  ['miscellaneous_expenses', money(21)],
  ['actual_loss', money(22)],
  ['cumulative_modification_costs', money(23)],
  ['interest_rate_step_ind', text(24)],
  ['payment_deferral_flag', "CASE f[25] WHEN '' THEN NULL WHEN 'Y' THEN 'C' ELSE f[25] END"],
  ['eltv', number(26, 'SMALLINT', '999', '0999')],
  ['zero_balance_removal_upb', money(27)],
  ['delinquent_accrued_interest', money(28)],
  ['delinquency_due_to_disaster', text(29)],
  ['borrower_assistance_plan', text(30)],
  ['current_period_modification_costs', money(31)],
  ['current_interest_bearing_upb', money(32)],
  ['mi_cancellation_ind', code(33, '9')],
  ['servicer_name', text(34)],
  ['bankruptcy_cramdown_costs', money(35)],
  ['layout', "'r47'"],
]

/** Rejects and converts the quarter's performance: a Parquet file a year, sorted by loan and month, and the quarantine as text. */
export async function performanceByHand(rows: Rows, { raw, origination, output, yyqn }: HandPaths): Promise<void> {
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  const ofQuarter = (id: string) => `'${yyqn}' IN (substr(${id}, 2, 4), substr(${id}, 3, 4))`
  await rows(`CREATE TABLE checked AS
    SELECT line, tidy, substr(coalesce(tidy, line), 1, 12) AS loan, substr(coalesce(tidy, line), 14, 6) AS period, CASE
      WHEN sound THEN NULL
      WHEN len(f) <> 35 THEN 'field_count'
      WHEN NOT (${matches([1], IDENTIFIER)} AND ${ofQuarter('f[1]')}) THEN 'loan_identifier'
      WHEN NOT ${matches([2, 7, 10, 13], PERIOD, MONTH, MONTH, MONTH)} THEN 'date'
      WHEN NOT ${matches([5, 6, 26, 11, 15, ...AMOUNTS], MONTHS, MONTHS, ELTV, RATE, PROCEEDS, ...amounts(16))} THEN 'number'
      WHEN NOT ${matches([4, 8, 9, 24, 25, 29, 30, 33, 34], DELINQUENCY, '[YPN]?', BALANCE_CODE, FLAG, '[CPY]?', FLAG, '[FRT]?', '[YN79]?', ANY_NAME)} THEN 'code'
    END AS fault
    FROM (SELECT *, CASE WHEN NOT sound THEN string_split(tidy, '|') END AS f
      FROM (SELECT *, CASE WHEN NOT sound THEN ${TIDY} END AS tidy
        FROM (SELECT line, regexp_matches(line, '${SOUND}') AND NOT contains(line, '  ') AND ${ofQuarter('line')} AS sound FROM ${scan(raw)})))`)
  await rows(
    'CREATE TABLE repeated AS SELECT loan, period FROM checked WHERE fault IS NULL GROUP BY ALL HAVING count(*) > 1',
  )
  const known = `read_parquet('${origination}')`
  await rows(`CREATE VIEW judged AS
    SELECT c.line, c.tidy, c.loan, c.period, coalesce(fault, CASE WHEN o.loan_identifier IS NULL THEN 'unknown_loan' END) AS reason
    FROM checked c LEFT JOIN repeated r USING (loan, period) LEFT JOIN ${known} o ON o.loan_identifier = c.loan
    WHERE fault IS NOT NULL OR r.loan IS NULL
    UNION ALL
    SELECT d.line, d.tidy, d.loan, d.period, CASE WHEN copy > 1 THEN 'duplicate' WHEN o.loan_identifier IS NULL THEN 'unknown_loan' END
    FROM (SELECT c.*, row_number() OVER (PARTITION BY loan, period ORDER BY trim(line)) AS copy FROM checked c JOIN repeated USING (loan, period) WHERE fault IS NULL) d
    LEFT JOIN ${known} o ON o.loan_identifier = d.loan`)
  await rows(
    `COPY (SELECT reason, line FROM judged WHERE reason IS NOT NULL ORDER BY ALL) TO '${output}/quarantine.txt' ${TEXT}`,
  )
  // One column is sorted instead of thirty-six, and COPY is told a year at a time: with PARTITION_BY it would lose the order.
  await rows(`CREATE TABLE sorted AS
    SELECT substr(period, 1, 4) AS year, loan, period, coalesce(tidy, line) AS record FROM judged WHERE reason IS NULL ORDER BY year, loan, period`)
  for (const [year] of await rows('SELECT DISTINCT year FROM sorted ORDER BY 1')) {
    await mkdir(join(output, `reporting_year=${year}`))
    await rows(
      `COPY (SELECT ${columns.map(([name, sql]) => `${sql} AS ${name}`).join(', ')}
        FROM (SELECT loan, period, string_split(record, '|') AS f FROM sorted WHERE year = '${year}'))
        TO '${output}/reporting_year=${year}/data.parquet' (FORMAT parquet, COMPRESSION snappy)`,
    )
  }
}
