-- Performance: every record of the quarters is judged, then converted or put into the quarantine.
--
--   QUARTERS  the quarters to process, quoted: '1999Q1','1999Q2'. Only their partitions are touched, and a second run gives the same.
--
-- A record is rejected for the first rule that it breaks:
--   field_count      not as many fields as the layout has
--   loan_identifier  no identifier of this quarter
--   date             no month of the form YYYYMM, or no period
--   number           not digits, or out of the range of the column
--   code             none of the values of the column
--   duplicate        that month of the loan is there already: the smallest record in byte order is kept
--   unknown_loan     no processed origination of this quarter

SET hive.execution.engine = tez;
SET hive.exec.dynamic.partition = true;
SET hive.exec.dynamic.partition.mode = nonstrict;
SET hive.exec.max.dynamic.partitions = 10000;
SET hive.exec.max.dynamic.partitions.pernode = 2000;
SET hive.stats.autogather = true;
-- Step 5 writes its rows in the order of a subquery.
SET hive.remove.orderby.in.subquery = false;

-- The shapes of fields. Any field may be blank, but for keys.
SET hivevar:IDENTIFIER = (?:F1[0-9]{2}Q[1-4][0-9]{6}|[FA][0-9]{2}Q[1-4][0-9]{7});
SET hivevar:PERIOD = (?:19|20)[0-9]{2}(?:0[1-9]|1[0-2]);
SET hivevar:MONTH = (?:${PERIOD})?;
SET hivevar:MONTHS = (?:-?[0-9]{1,3})?;
SET hivevar:AMOUNT = (?:-?[0-9]{1,12}(?:[.][0-9]{1,2})?)?;
SET hivevar:PROCEEDS = (?:-?[0-9]{1,10}(?:[.][0-9]{1,2})?|U|C)?;
SET hivevar:RATE = (?:[0-9]{1,5}(?:[.][0-9]{1,3})?)?;
SET hivevar:ELTV = (?:[0-9]{1,4})?;
SET hivevar:FLAG = [YN]?;
SET hivevar:DELINQUENCY = (?:[0-9]{1,3}|RA|R|XX)?;
SET hivevar:MODIFICATION = [YPN]?;
SET hivevar:BALANCE_CODE = (?:0?[12369]|15|16|96)?;
SET hivevar:DEFERRAL = [CPY]?;
SET hivevar:ASSISTANCE = [FRT]?;
SET hivevar:MI_CANCELLATION = [YN79]?;
SET hivevar:NAME = (?:[!-{}~](?:[ -{}~]{0,58}[!-{}~])?)?;

-- Lines of which nothing is to be said. Older layouts are the beginning of Release 47, in the same order, but for field 7: a date of
-- settlement, and in release2018 a repurchase flag.
SET hivevar:FIELDS_1_TO_6 = ${IDENTIFIER}[|]${PERIOD}[|]${AMOUNT}[|]${DELINQUENCY}[|]${MONTHS}[|]${MONTHS};
SET hivevar:FIELDS_8_TO_23 = ${MODIFICATION}[|]${BALANCE_CODE}[|]${MONTH}[|]${RATE}[|]${AMOUNT}[|]${MONTH}[|]${AMOUNT}[|]${PROCEEDS}(?:[|]${AMOUNT}){8};
SET hivevar:FIELDS_24_TO_32 = ${FLAG}[|]${DEFERRAL}[|]${ELTV}[|]${AMOUNT}[|]${AMOUNT}[|]${FLAG}[|]${ASSISTANCE}[|]${AMOUNT}[|]${AMOUNT};
SET hivevar:FIELDS_33_TO_35 = ${MI_CANCELLATION}[|]${NAME}[|]${AMOUNT};

-- 1. Check ------------------------------------------------------------------------------------------------------------------
-- Nearly all lines are sound, and one look at the whole of a line tells. Only the others are tidied (no white space around fields),
-- split, and asked which rule they break.

DROP TABLE IF EXISTS checked_performance;

CREATE TABLE checked_performance
STORED AS PARQUET
TBLPROPERTIES ('parquet.compression' = 'SNAPPY')
AS
WITH looked_at AS (
  SELECT
    layout, field_count, quarter, line,
    CASE layout
      WHEN 'r47' THEN line RLIKE '^${FIELDS_1_TO_6}[|]${MONTH}[|]${FIELDS_8_TO_23}[|]${FIELDS_24_TO_32}[|]${FIELDS_33_TO_35}$'
      WHEN 'legacy32' THEN line RLIKE '^${FIELDS_1_TO_6}[|]${MONTH}[|]${FIELDS_8_TO_23}[|]${FIELDS_24_TO_32}$'
      WHEN 'release2018' THEN line RLIKE '^${FIELDS_1_TO_6}[|]${FLAG}[|]${FIELDS_8_TO_23}$'
    END
    AND NOT line LIKE '%  %' AND substr(quarter, 3) IN (substr(line, 2, 4), substr(line, 3, 4)) AS sound
  FROM performance_lines
  WHERE quarter IN (${QUARTERS})
),
tidied AS (
  SELECT
    layout, field_count, quarter, line, sound,
    if(sound, NULL, trim(regexp_replace(regexp_replace(line, '\\s+', ' '), ' ?[|] ?', '|'))) AS tidy
  FROM looked_at
),
split_up AS (
  SELECT
    layout, quarter, line, sound, tidy,
    -- Blank fields at the end make all layouts as long.
    if(sound, NULL, split(concat(tidy, repeat('|', 35 - field_count)), '[|]')) AS f
  FROM tidied
),
checked AS (
  SELECT
    layout, quarter, line, tidy,
    CASE
      WHEN sound THEN NULL

      WHEN size(f) <> 35 THEN 'field_count'

      WHEN NOT (f[0] RLIKE '^${IDENTIFIER}$' AND substr(quarter, 3) IN (substr(f[0], 2, 4), substr(f[0], 3, 4))) THEN 'loan_identifier'

      -- period, defect_settlement_date (release2018 has none), zero_balance_effective_date, ddlpi
      WHEN NOT concat_ws('|', f[1], if(layout = 'release2018', '', f[6]), f[9], f[12])
           RLIKE '^${PERIOD}[|]${MONTH}[|]${MONTH}[|]${MONTH}$' THEN 'date'

      WHEN NOT concat_ws('|', f[4], f[5], f[25], f[10], f[14],
                         f[2], f[11], f[13], f[15], f[16], f[17], f[18], f[19], f[20], f[21], f[22], f[26], f[27], f[30], f[31], f[34])
           RLIKE concat_ws('[|]',
             '^${MONTHS}',                                                 -- loan_age
             '${MONTHS}',                                                  -- remaining_months_to_maturity
             '${ELTV}',                                                    -- eltv
             '${RATE}',                                                    -- current_interest_rate
             '${PROCEEDS}',                                                -- net_sales_proceeds
             '${AMOUNT}(?:[|]${AMOUNT}){15}$') THEN 'number'               -- sixteen amounts

      WHEN NOT concat_ws('|', f[3], f[7], f[8], f[23], f[24], f[28], f[29], f[32], if(layout = 'release2018', f[6], ''), f[33])
           RLIKE concat_ws('[|]',
             '^${DELINQUENCY}',                                            -- delinquency_status
             '${MODIFICATION}',                                            -- modification_flag
             '${BALANCE_CODE}',                                            -- zero_balance_code
             '${FLAG}',                                                    -- interest_rate_step_ind
             '${DEFERRAL}',                                                -- payment_deferral_flag
             '${FLAG}',                                                    -- delinquency_due_to_disaster
             '${ASSISTANCE}',                                              -- borrower_assistance_plan
             '${MI_CANCELLATION}',                                         -- mi_cancellation_ind
             '${FLAG}',                                                    -- repurchase flag of release2018
             '[^\\x00-\\x1F]{0,60}$') THEN 'code'                          -- servicer_name
    END AS fault
  FROM split_up
)
SELECT
  layout, quarter, fault, line, tidy,
  -- Every identifier has twelve characters, every period six.
  substr(coalesce(tidy, line), 1, 12) AS loan_identifier, substr(coalesce(tidy, line), 14, 6) AS period
FROM checked;

-- 2. Find duplicates --------------------------------------------------------------------------------------------------------
-- They are few, so their keys are found first: ranking all records would carry every one of them through a shuffle. An identifier
-- holds its quarter (rule loan_identifier), so that is no key of its own, here and in the joins below.

DROP TABLE IF EXISTS repeated_performance;

CREATE TABLE repeated_performance
STORED AS PARQUET
AS
SELECT loan_identifier, period
FROM checked_performance
WHERE fault IS NULL
GROUP BY loan_identifier, period
HAVING count(*) > 1;

-- 3. Judge ------------------------------------------------------------------------------------------------------------------

DROP VIEW IF EXISTS judged_performance;

CREATE VIEW judged_performance AS
SELECT
  c.layout, c.quarter, c.loan_identifier, c.period, c.line, coalesce(c.tidy, c.line) AS record,
  coalesce(c.fault, if(o.loan_identifier IS NULL, 'unknown_loan', NULL)) AS reason
FROM checked_performance c
LEFT JOIN repeated_performance r
  ON r.loan_identifier = c.loan_identifier AND r.period = c.period
LEFT JOIN (SELECT loan_identifier FROM origination WHERE quarter IN (${QUARTERS})) o
  ON o.loan_identifier = c.loan_identifier
WHERE c.fault IS NOT NULL OR r.loan_identifier IS NULL
UNION ALL
SELECT
  d.layout, d.quarter, d.loan_identifier, d.period, d.line, coalesce(d.tidy, d.line) AS record,
  CASE WHEN d.copy > 1 THEN 'duplicate' WHEN o.loan_identifier IS NULL THEN 'unknown_loan' END AS reason
FROM (
  SELECT
    c.layout, c.quarter, c.loan_identifier, c.period, c.line, c.tidy,
    row_number() OVER (PARTITION BY c.loan_identifier, c.period ORDER BY trim(c.line), c.line) AS copy
  FROM checked_performance c
  JOIN repeated_performance r
    ON r.loan_identifier = c.loan_identifier AND r.period = c.period
  WHERE c.fault IS NULL
) d
LEFT JOIN (SELECT loan_identifier FROM origination WHERE quarter IN (${QUARTERS})) o
  ON o.loan_identifier = d.loan_identifier;

-- 4. Reject -----------------------------------------------------------------------------------------------------------------

INSERT OVERWRITE TABLE quarantine_performance PARTITION (quarter)
SELECT reason, line, quarter
FROM judged_performance
WHERE reason IS NOT NULL
DISTRIBUTE BY quarter
SORT BY reason, line;

-- 5. Convert ----------------------------------------------------------------------------------------------------------------
-- Several reducers share a year of a quarter, and each sorts what it writes by loan and month. Records are sorted before they are
-- converted: one column is moved instead of thirty-six. Up to Release 46 the signs of recoveries,
-- expenses and losses were the other way round.

INSERT OVERWRITE TABLE performance PARTITION (quarter, reporting_year)
SELECT
  loan                                                  AS loan_identifier,
  CAST(concat(substr(period, 1, 4), '-', substr(period, 5, 2), '-01') AS DATE)  AS period,
  CAST(f[2] AS DECIMAL(14,2))                           AS current_actual_upb,
  CASE WHEN f[3] IN ('', 'XX') THEN NULL WHEN f[3] = 'R' THEN 'RA' WHEN length(f[3]) = 1 THEN concat('0', f[3]) ELSE f[3] END  AS delinquency_status,
  CAST(f[4] AS SMALLINT)                                AS loan_age,
  CAST(f[5] AS SMALLINT)                                AS remaining_months_to_maturity,
  if(f[6] = '' OR layout = 'release2018', NULL, CAST(concat(substr(f[6], 1, 4), '-', substr(f[6], 5, 2), '-01') AS DATE))  AS defect_settlement_date,
  nullif(f[7], '')                                      AS modification_flag,
  CASE WHEN f[8] = '' THEN NULL WHEN f[8] IN ('6', '06') THEN '96' ELSE lpad(f[8], 2, '0') END  AS zero_balance_code,
  if(f[9] = '', NULL, CAST(concat(substr(f[9], 1, 4), '-', substr(f[9], 5, 2), '-01') AS DATE))  AS zero_balance_effective_date,
  CAST(f[10] AS DECIMAL(8,3))                           AS current_interest_rate,
  CAST(f[11] AS DECIMAL(14,2))                          AS current_non_interest_bearing_upb,
  if(f[12] = '', NULL, CAST(concat(substr(f[12], 1, 4), '-', substr(f[12], 5, 2), '-01') AS DATE))  AS ddlpi,
  if(f[13] = '', NULL, CAST(f[13] AS DECIMAL(14,2)) * sign) AS mi_recoveries,
  -- An amount as text, with its sign turned where the layout has the other one, or U or C.
  CASE
    WHEN f[14] = '' THEN NULL
    WHEN layout = 'r47' OR f[14] RLIKE '^(?:[UC]|0+(?:[.]0+)?)$' THEN f[14]
    WHEN f[14] LIKE '-%' THEN substr(f[14], 2)
    ELSE concat('-', f[14])
  END                                                   AS net_sales_proceeds,
  if(f[15] = '', NULL, CAST(f[15] AS DECIMAL(14,2)) * sign) AS non_mi_recoveries,
  if(f[16] = '', NULL, CAST(f[16] AS DECIMAL(14,2)) * sign) AS total_expenses,
  if(f[17] = '', NULL, CAST(f[17] AS DECIMAL(14,2)) * sign) AS legal_costs,
  if(f[18] = '', NULL, CAST(f[18] AS DECIMAL(14,2)) * sign) AS maintenance_preservation_costs,
  if(f[19] = '', NULL, CAST(f[19] AS DECIMAL(14,2)) * sign) AS taxes_and_insurance,
  if(f[20] = '', NULL, CAST(f[20] AS DECIMAL(14,2)) * sign) AS miscellaneous_expenses,
  if(f[21] = '', NULL, CAST(f[21] AS DECIMAL(14,2)) * sign) AS actual_loss,
  CAST(f[22] AS DECIMAL(14,2))                          AS cumulative_modification_costs,
  nullif(f[23], '')                                     AS interest_rate_step_ind,
  CASE f[24] WHEN '' THEN NULL WHEN 'Y' THEN 'C' ELSE f[24] END  AS payment_deferral_flag,
  if(f[25] IN ('999', '0999'), NULL, CAST(f[25] AS SMALLINT))  AS eltv,
  CAST(f[26] AS DECIMAL(14,2))                          AS zero_balance_removal_upb,
  CAST(f[27] AS DECIMAL(14,2))                          AS delinquent_accrued_interest,
  nullif(f[28], '')                                     AS delinquency_due_to_disaster,
  nullif(f[29], '')                                     AS borrower_assistance_plan,
  CAST(f[30] AS DECIMAL(14,2))                          AS current_period_modification_costs,
  CAST(f[31] AS DECIMAL(14,2))                          AS current_interest_bearing_upb,
  if(layout = 'r47', if(f[32] IN ('', '9'), NULL, f[32]), mi_cancellation)  AS mi_cancellation_ind,
  if(layout = 'r47', nullif(f[33], ''), servicer)  AS servicer_name,
  CAST(f[34] AS DECIMAL(14,2))                          AS bankruptcy_cramdown_costs,
  layout,
  quarter,
  reporting_year
FROM (
  SELECT
    layout, loan, period, split(record, '[|]') AS f, if(layout = 'r47', 1, -1) AS sign, servicer, mi_cancellation, quarter, reporting_year
  FROM (
    SELECT
      j.layout, j.loan_identifier AS loan, j.period, j.record,
      s.servicer_name AS servicer, s.mi_cancellation_ind AS mi_cancellation,
      j.quarter, CAST(substr(j.period, 1, 4) AS INT) AS reporting_year
    FROM judged_performance j
    LEFT JOIN (SELECT * FROM loan_servicing WHERE quarter IN (${QUARTERS})) s
      ON s.loan_identifier = j.loan_identifier
    WHERE j.reason IS NULL
    DISTRIBUTE BY quarter, reporting_year, pmod(hash(loan), 4)
    SORT BY reporting_year, loan, period
  ) sorted
) a;

DROP VIEW judged_performance;
DROP TABLE repeated_performance;
DROP TABLE checked_performance;
