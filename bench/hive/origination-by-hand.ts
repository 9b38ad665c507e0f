/** What hql/process-origination.hql does with Release 47, written for DuckDB by hand: the measure of bench/hive.ts. */
import { mkdir, rm } from 'node:fs/promises'
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
  type Rows,
  scan,
  TEXT,
  TIDY,
  text,
} from './by-hand.ts'

const SCORE = '(?:0?(?:[3-7][0-9]{2}|8[0-4][0-9]|850)|9999)?'
const MI_PCT = '(?:0?0?[0-9]|0?[1-4][0-9]|0?5[0-5]|999)?'
const DTI = '(?:0?0?[0-9]|0?[1-5][0-9]|0?6[0-5]|999)?'
const PERCENT = '(?:[0-9]{1,3})?'
const UNITS = '(?:0?[1-4]|99)?'
const BORROWERS = '(?:0?[1-9]|10|99)?'
const RATE = '(?:[0-9]{1,3}(?:[.][0-9]{1,3})?)?'
const UPB = '(?:[0-9]{1,12}(?:[.][0-9]{1,2})?)?'
const AMORTIZATION = '(?:FRM|ARM)?'
const STATE = '(?:[A-Z]{2})?'
const PROPERTY = '(?:SF|CO|PU|MH|CP|99)?'
const MSA = '(?:[0-9]{5})?'
const POSTAL_CODE = '(?:[0-9]{3})?'
const EARLIER = `${IDENTIFIER}?`

const SOUND = line(
  SCORE,
  MONTH,
  '[YN9]?',
  MONTH,
  MSA,
  MI_PCT,
  UNITS,
  '[PIS9]?',
  PERCENT,
  DTI,
  UPB,
  PERCENT,
  RATE,
  '[RBCT9]?',
  FLAG,
  AMORTIZATION,
  STATE,
  PROPERTY,
  POSTAL_CODE,
  IDENTIFIER,
  '[PCNR9]?',
  PERCENT,
  BORROWERS,
  NAME,
  FLAG,
  EARLIER,
  '[HFR9]?',
  FLAG,
  '[123479]?',
  FLAG,
  SCORE,
)

const columns: readonly (readonly [name: string, sql: string])[] = [
  ['classic_fico', number(1, 'SMALLINT', '9999')],
  ['first_payment_date', date(2)],
  ['first_time_homebuyer_ind', code(3, '9')],
  ['maturity_date', date(4)],
  ['msa_md', text(5)],
  ['mi_pct', number(6, 'SMALLINT', '999')],
  ['number_of_units', number(7, 'SMALLINT', '99')],
  ['occupancy_status', code(8, '9')],
  ['original_cltv', number(9, 'SMALLINT', '999')],
  ['original_dti', number(10, 'SMALLINT', '999')],
  ['original_upb', number(11, 'DECIMAL(14,2)')],
  ['original_ltv', number(12, 'SMALLINT', '999')],
  ['original_interest_rate', number(13, 'DECIMAL(6,3)')],
  ['channel', code(14, '9')],
  ['prepayment_penalty_ind', text(15)],
  ['amortization_type', text(16)],
  ['property_state', text(17)],
  ['property_type', code(18, '99')],
  ['postal_code', text(19)],
  ['loan_identifier', 'f[20]'],
  ['loan_purpose', code(21, '9')],
  ['original_loan_term', number(22, 'SMALLINT')],
  ['number_of_borrowers', number(23, 'SMALLINT', '99')],
  ['seller_name', text(24)],
  ['super_conforming_flag', text(25)],
  ['pre_harp_loan_identifier', text(26)],
  ['special_eligibility_program', code(27, '9')],
  ['harp_ind', text(28)],
  ['property_valuation_method', code(29, '7', '9')],
  ['interest_only_ind', text(30)],
  ['vantagescore_4', number(31, 'SMALLINT', '9999')],
  ['layout', "'r47'"],
]

/** Rejects and converts the quarter's origination: a sorted Parquet file, the text for MySQL, and the quarantine. */
export async function originationByHand(rows: Rows, { raw, output, yyqn }: HandPaths): Promise<void> {
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  await rows(`CREATE TABLE checked AS
    SELECT line, record, f[20] AS loan, CASE
      WHEN len(f) <> 31 THEN 'field_count'
      WHEN NOT (${matches([20], IDENTIFIER)} AND '${yyqn}' IN (substr(f[20], 2, 4), substr(f[20], 3, 4))) THEN 'loan_identifier'
      WHEN sound THEN NULL
      WHEN NOT ${matches([2, 4], MONTH, MONTH)} THEN 'date'
      WHEN NOT ${matches([1, 31, 6, 9, 12, 10, 7, 23, 22, 13, 11], SCORE, SCORE, MI_PCT, PERCENT, PERCENT, DTI, UNITS, BORROWERS, PERCENT, RATE, UPB)} THEN 'number'
      WHEN NOT ${matches(
        [3, 8, 14, 15, 25, 28, 30, 16, 17, 18, 5, 21, 27, 29, 26, 24, 19],
        ...['[YN9]?', '[PIS9]?', '[RBCT9]?', FLAG, FLAG, FLAG, FLAG, AMORTIZATION, STATE, PROPERTY, MSA, '[PCNR9]?'],
        ...['[HFR9]?', '[123479]?', EARLIER, ANY_NAME, POSTAL_CODE],
      )} THEN 'code'
    END AS fault
    FROM (SELECT *, string_split(record, '|') AS f
      FROM (SELECT *, CASE WHEN sound THEN line ELSE ${TIDY} END AS record
        FROM (SELECT line, regexp_matches(line, '${SOUND}') AND NOT contains(line, '  ') AS sound FROM ${scan(raw)})))`)
  await rows('CREATE TABLE repeated AS SELECT loan FROM checked WHERE fault IS NULL GROUP BY ALL HAVING count(*) > 1')
  await rows(`CREATE VIEW judged AS
    SELECT c.line, c.record, c.loan, c.fault AS reason FROM checked c LEFT JOIN repeated r USING (loan) WHERE fault IS NOT NULL OR r.loan IS NULL
    UNION ALL
    SELECT line, record, loan, CASE WHEN copy > 1 THEN 'duplicate' END
    FROM (SELECT c.*, row_number() OVER (PARTITION BY loan ORDER BY trim(line)) AS copy FROM checked c JOIN repeated USING (loan) WHERE fault IS NULL)`)
  await rows(
    `COPY (SELECT reason, line FROM judged WHERE reason IS NOT NULL ORDER BY ALL) TO '${output}/quarantine.txt' ${TEXT}`,
  )
  await rows(`COPY (SELECT ${columns.map(([name, sql]) => `${sql} AS ${name}`).join(', ')}
    FROM (SELECT loan, string_split(record, '|') AS f FROM judged WHERE reason IS NULL ORDER BY loan))
    TO '${output}/data.parquet' (FORMAT parquet, COMPRESSION snappy)`)
  const exported = columns.map(([name]) => {
    const value = `CAST(${name} AS VARCHAR)`
    return `coalesce(CASE WHEN contains(${value}, '\\') OR contains(${value}, '|') THEN replace(replace(${value}, '\\', '\\\\'), '|', '\\|') ELSE ${value} END, '\\N')`
  })
  await rows(
    `COPY (SELECT concat_ws('|', ${exported.join(', ')}) FROM read_parquet('${output}/data.parquet')) TO '${output}/export.txt' (FORMAT csv, HEADER false, DELIMITER '\x01', QUOTE '', ESCAPE '')`,
  )
}
