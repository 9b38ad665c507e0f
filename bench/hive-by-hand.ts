/** What hql/process-performance.hql does with Release 47, written for DuckDB by hand: the measure of bench/hive.ts. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

type Rows = (sql: string) => Promise<unknown[][]>

const month = '(?:(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2]))?'
const amount = '(?:-?[0-9]{1,12}(?:[.][0-9]{1,2})?)?'
const numbers = `^(?:-?[0-9]{1,3})?[|](?:-?[0-9]{1,3})?[|](?:[0-9]{1,4})?[|](?:[0-9]{1,5}(?:[.][0-9]{1,3})?)?[|](?:${amount}|U|C)[|]${amount}(?:[|]${amount}){15}$`
const codes = '^(?:[0-9]{1,3}|RA|R|XX)?[|][YPN]?[|](?:0?[12369]|15|16|96)?[|][YN]?[|][CPY]?[|][YN]?[|][FRT]?[|][YN79]?$'
const f = (...positions: number[]) => positions.map((i) => `f[${i}]`).join(', ')

const date = (i: number) =>
  `TRY_CAST(nullif(substr(f[${i}], 1, 4) || '-' || substr(f[${i}], 5, 2) || '-01', '--01') AS DATE)`
const money = (i: number) => `TRY_CAST(nullif(f[${i}], '') AS DECIMAL(14,2))`
const text = (i: number) => `nullif(f[${i}], '')`
const small = (i: number) => `TRY_CAST(nullif(f[${i}], '') AS SMALLINT)`

const columns: readonly (readonly [name: string, sql: string])[] = [
  ['loan_identifier', 'f[1]'],
  ['period', date(2)],
  ['current_actual_upb', money(3)],
  [
    'delinquency_status',
    "CASE WHEN f[4] IN ('', 'XX') THEN NULL WHEN f[4] = 'R' THEN 'RA' WHEN length(f[4]) = 1 THEN '0' || f[4] ELSE f[4] END",
  ],
  ['loan_age', small(5)],
  ['remaining_months_to_maturity', small(6)],
  ['defect_settlement_date', date(7)],
  ['modification_flag', text(8)],
  ['zero_balance_code', "CASE WHEN f[9] = '' THEN NULL WHEN f[9] IN ('6', '06') THEN '96' ELSE lpad(f[9], 2, '0') END"],
  ['zero_balance_effective_date', date(10)],
  ['current_interest_rate', "TRY_CAST(nullif(f[11], '') AS DECIMAL(8,3))"],
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
  ['eltv', "TRY_CAST(nullif(nullif(f[26], ''), '999') AS SMALLINT)"],
  ['zero_balance_removal_upb', money(27)],
  ['delinquent_accrued_interest', money(28)],
  ['delinquency_due_to_disaster', text(29)],
  ['borrower_assistance_plan', text(30)],
  ['current_period_modification_costs', money(31)],
  ['current_interest_bearing_upb', money(32)],
  ['mi_cancellation_ind', "CASE WHEN f[33] IN ('', '9') THEN NULL ELSE f[33] END"],
  ['servicer_name', text(34)],
  ['bankruptcy_cramdown_costs', money(35)],
  ['layout', "'r47'"],
]

export interface HandPaths {
  /** Globs of the raw text and of the processed origination. */
  raw: string
  origination: string
  output: string
  /** `99Q1`: what the identifiers of the quarter hold. */
  yyqn: string
}

/** Rejects and converts the quarter's performance: a Parquet file a year, sorted by loan and month, and the quarantine as text. */
export async function byHand(rows: Rows, { raw, origination, output, yyqn }: HandPaths): Promise<void> {
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  await rows(`CREATE TABLE checked AS
    SELECT line, f, f[1] AS loan, f[2] AS period, CASE
      WHEN len(f) <> 35 THEN 'field_count'
      WHEN NOT (regexp_matches(f[1], '^(?:F1[0-9]{2}Q[1-4][0-9]{6}|[FA][0-9]{2}Q[1-4][0-9]{7})$') AND '${yyqn}' IN (substr(f[1], 2, 4), substr(f[1], 3, 4))) THEN 'loan_identifier'
      WHEN f[2] = '' OR NOT regexp_matches(concat_ws('|', ${f(2, 7, 10, 13)}), '^${month}[|]${month}[|]${month}[|]${month}$') THEN 'date'
      WHEN NOT regexp_matches(concat_ws('|', ${f(5, 6, 26, 11, 15, 3, 12, 14, 16, 17, 18, 19, 20, 21, 22, 23, 27, 28, 31, 32, 35)}), '${numbers}') THEN 'number'
      WHEN NOT regexp_matches(concat_ws('|', ${f(4, 8, 9, 24, 25, 29, 30, 33)}), '${codes}') THEN 'code'
    END AS fault
    FROM (
      SELECT line, string_split(CASE WHEN regexp_matches(line, '^\\s|\\s$|\\s[|]|[|]\\s|\\s\\s|[\\t\\f]')
        THEN trim(regexp_replace(regexp_replace(line, '\\s+', ' ', 'g'), ' ?[|] ?', '|', 'g')) ELSE line END, '|') AS f
      FROM read_csv('${raw}', delim = '\x01', header = false, quote = '', escape = '', auto_detect = false, null_padding = true, strict_mode = false, columns = {'line': 'VARCHAR'})
    )`)
  await rows(
    'CREATE TABLE repeated AS SELECT loan, period FROM checked WHERE fault IS NULL GROUP BY ALL HAVING count(*) > 1',
  )
  await rows(`CREATE VIEW judged AS
    SELECT c.line, c.f, CASE WHEN fault IS NOT NULL THEN fault WHEN o.loan_identifier IS NULL THEN 'unknown_loan' END AS reason
    FROM checked c LEFT JOIN repeated r USING (loan, period) LEFT JOIN read_parquet('${origination}') o ON o.loan_identifier = c.loan
    WHERE fault IS NOT NULL OR r.loan IS NULL
    UNION ALL
    SELECT d.line, d.f, CASE WHEN copy > 1 THEN 'duplicate' WHEN o.loan_identifier IS NULL THEN 'unknown_loan' END
    FROM (SELECT c.*, row_number() OVER (PARTITION BY loan, period ORDER BY trim(line)) AS copy FROM checked c JOIN repeated USING (loan, period) WHERE fault IS NULL) d
    LEFT JOIN read_parquet('${origination}') o ON o.loan_identifier = d.loan`)
  await rows(
    `COPY (SELECT reason, line FROM judged WHERE reason IS NOT NULL ORDER BY ALL) TO '${output}/quarantine.txt' (FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '')`,
  )
  // A year at a time: COPY with PARTITION_BY would lose the order.
  await rows(
    `CREATE TABLE converted AS SELECT ${columns.map(([name, sql]) => `${sql} AS ${name}`).join(', ')} FROM judged WHERE reason IS NULL`,
  )
  for (const [year] of await rows('SELECT DISTINCT year(period) FROM converted ORDER BY 1')) {
    await mkdir(join(output, `reporting_year=${year}`))
    await rows(
      `COPY (SELECT * FROM converted WHERE year(period) = ${year} ORDER BY loan_identifier, period) TO '${output}/reporting_year=${year}/data.parquet' (FORMAT parquet, COMPRESSION snappy)`,
    )
  }
}
