-- Origination: every record of the quarters is judged, then converted or put into the quarantine.
--
--   QUARTERS  the quarters to process, quoted: '1999Q1','1999Q2'. Only their partitions are touched, and a second run gives the same.
--
-- A record is rejected for the first rule that it breaks:
--   field_count      not as many fields as the layout has
--   loan_identifier  no identifier of this quarter
--   date             no month of the form YYYYMM
--   number           not digits, or out of the range of the column
--   code             none of the values of the column
--   duplicate        the loan is there already: the smallest record in byte order is kept

SET hive.execution.engine = tez;
SET hive.exec.dynamic.partition = true;
SET hive.exec.dynamic.partition.mode = nonstrict;
SET hive.exec.max.dynamic.partitions = 10000;
SET hive.exec.max.dynamic.partitions.pernode = 2000;
SET hive.stats.autogather = true;
-- Step 4 writes its rows in the order of a subquery.
SET hive.remove.orderby.in.subquery = false;

-- The shapes of fields. Any field may be blank, but for keys.
SET hivevar:IDENTIFIER = (?:F1[0-9]{2}Q[1-4][0-9]{6}|[FA][0-9]{2}Q[1-4][0-9]{7});
SET hivevar:MONTH = (?:(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2]))?;
SET hivevar:SCORE = (?:0?(?:[3-7][0-9]{2}|8[0-4][0-9]|850)|9999)?;
SET hivevar:MI_PCT = (?:0?0?[0-9]|0?[1-4][0-9]|0?5[0-5]|999)?;
SET hivevar:DTI = (?:0?0?[0-9]|0?[1-5][0-9]|0?6[0-5]|999)?;
SET hivevar:PERCENT = (?:[0-9]{1,3})?;
SET hivevar:UNITS = (?:0?[1-4]|99)?;
SET hivevar:BORROWERS = (?:0?[1-9]|10|99)?;
SET hivevar:TERM = (?:[0-9]{1,3})?;
SET hivevar:RATE = (?:[0-9]{1,3}(?:[.][0-9]{1,3})?)?;
SET hivevar:UPB = (?:[0-9]{1,12}(?:[.][0-9]{1,2})?)?;
SET hivevar:FLAG = [YN]?;
SET hivevar:FIRST_TIME = [YN9]?;
SET hivevar:CHANNEL = [RBCT9]?;
SET hivevar:AMORTIZATION = (?:FRM|ARM)?;
SET hivevar:STATE = (?:[A-Z]{2})?;
SET hivevar:FIVE_DIGITS = (?:[0-9]{5})?;
SET hivevar:PURPOSE = [PCNR9]?;
SET hivevar:PROGRAM = [HFR9]?;
SET hivevar:VALUATION = [123479]?;
SET hivevar:MI_CANCELLATION = [YN79]?;
SET hivevar:NAME = (?:[!-{}~](?:[ -{}~]{0,58}[!-{}~])?)?;

-- Lines of which nothing is to be said. Occupancy, property type and postal code differ between layouts, and so does what follows field 24.
SET hivevar:FIELDS_1_TO_7 = ${SCORE}[|]${MONTH}[|]${FIRST_TIME}[|]${MONTH}[|]${FIVE_DIGITS}[|]${MI_PCT}[|]${UNITS};
SET hivevar:FIELDS_9_TO_17 = ${PERCENT}[|]${DTI}[|]${UPB}[|]${PERCENT}[|]${RATE}[|]${CHANNEL}[|]${FLAG}[|]${AMORTIZATION}[|]${STATE};
SET hivevar:FIELDS_20_TO_24 = ${IDENTIFIER}[|]${PURPOSE}[|]${TERM}[|]${BORROWERS}[|]${NAME};
SET hivevar:FIELDS_25_TO_30 = ${FLAG}[|]${IDENTIFIER}?[|]${PROGRAM}[|]${FLAG}[|]${VALUATION}[|]${FLAG};
SET hivevar:OCCUPANCY = [PIS9]?;
SET hivevar:PROPERTY = (?:SF|CO|PU|MH|CP|99)?;

-- 1. Check ------------------------------------------------------------------------------------------------------------------
-- Nearly all lines are sound, and one look at the whole of a line tells. Only the others are tidied (no white space around fields) and
-- asked which rule they break.
--
-- A record has the order of Release 47, with two fields more: 32 servicer_name and 33 mi_cancellation_ind, which older layouts have in
-- origination.

DROP TABLE IF EXISTS checked_origination;

CREATE TABLE checked_origination
STORED AS PARQUET
TBLPROPERTIES ('parquet.compression' = 'SNAPPY')
AS
WITH looked_at AS (
  SELECT
    layout, field_count, quarter, line,
    CASE layout
      WHEN 'r47' THEN
        line RLIKE '^${FIELDS_1_TO_7}[|]${OCCUPANCY}[|]${FIELDS_9_TO_17}[|]${PROPERTY}[|](?:[0-9]{3})?[|]${FIELDS_20_TO_24}[|]${FIELDS_25_TO_30}[|]${SCORE}$'
      WHEN 'legacy32' THEN
        line RLIKE '^${FIELDS_1_TO_7}[|]${OCCUPANCY}[|]${FIELDS_9_TO_17}[|]${PROPERTY}[|]${FIVE_DIGITS}[|]${FIELDS_20_TO_24}[|]${NAME}[|]${FIELDS_25_TO_30}[|]${MI_CANCELLATION}$'
      WHEN 'release2018' THEN
        line RLIKE '^${FIELDS_1_TO_7}[|](?:O|${OCCUPANCY})[|]${FIELDS_9_TO_17}[|](?:LH|${PROPERTY})[|]${FIVE_DIGITS}[|]${FIELDS_20_TO_24}[|]${NAME}[|]${FLAG}$'
    END
    AND NOT line LIKE '%  %' AS sound
  FROM origination_lines
  WHERE quarter IN (${QUARTERS})
),
tidied AS (
  SELECT
    layout, field_count, quarter, line, sound,
    if(sound, line, trim(regexp_replace(regexp_replace(line, '\\s+', ' '), ' ?[|] ?', '|'))) AS tidy
  FROM looked_at
),
counted AS (
  SELECT layout, quarter, line, sound, tidy, split(tidy, '[|]') AS f, size(split(tidy, '[|]')) = field_count AS complete
  FROM tidied
),
canonical AS (
  SELECT
    layout, quarter, line, sound, complete, f[19] AS loan_identifier,
    CASE layout
      WHEN 'r47' THEN concat(tidy, '||')
      WHEN 'legacy32' THEN
        concat_ws('|', substring_index(tidy, '|', 24), f[25], f[26], f[27], f[28], f[29], f[30], '', f[24], f[31])
      WHEN 'release2018' THEN
        concat_ws('|', substring_index(tidy, '|', 24), f[25], '', '', '', '', '', '', f[24], '')
    END AS record
  FROM counted
),
named AS (
  SELECT layout, quarter, line, sound, complete, loan_identifier, record, if(sound, NULL, split(record, '[|]')) AS f
  FROM canonical
)
SELECT
  layout, quarter, line, record, loan_identifier,
  CASE
    WHEN NOT complete THEN 'field_count'

    WHEN NOT (loan_identifier RLIKE '^${IDENTIFIER}$'
              AND substr(quarter, 3) IN (substr(loan_identifier, 2, 4), substr(loan_identifier, 3, 4))) THEN 'loan_identifier'

    WHEN sound THEN NULL

    -- first_payment_date, maturity_date
    WHEN NOT concat_ws('|', f[1], f[3]) RLIKE '^${MONTH}[|]${MONTH}$' THEN 'date'

    WHEN NOT concat_ws('|', f[0], f[30], f[5], f[8], f[11], f[9], f[6], f[22], f[21], f[12], f[10])
         RLIKE concat_ws('[|]',
           '^${SCORE}',                                                    -- classic_fico
           '${SCORE}',                                                     -- vantagescore_4
           '${MI_PCT}',                                                    -- mi_pct
           '${PERCENT}',                                                   -- original_cltv
           '${PERCENT}',                                                   -- original_ltv
           '${DTI}',                                                       -- original_dti
           '${UNITS}',                                                     -- number_of_units
           '${BORROWERS}',                                                 -- number_of_borrowers
           '${TERM}',                                                      -- original_loan_term
           '${RATE}',                                                      -- original_interest_rate
           '${UPB}$') THEN 'number'                                        -- original_upb

    WHEN NOT concat_ws('|', f[2], f[7], f[13], f[14], f[24], f[27], f[29], f[15], f[16], f[17], f[4], f[20], f[26], f[28], f[32],
                       f[25], f[23], f[31])
         RLIKE concat_ws('[|]',
           '^${FIRST_TIME}',                                               -- first_time_homebuyer_ind
           '(?:O|${OCCUPANCY})',                                           -- occupancy_status
           '${CHANNEL}',                                                   -- channel
           '${FLAG}',                                                      -- prepayment_penalty_ind
           '${FLAG}',                                                      -- super_conforming_flag
           '${FLAG}',                                                      -- harp_ind
           '${FLAG}',                                                      -- interest_only_ind
           '${AMORTIZATION}',                                              -- amortization_type
           '${STATE}',                                                     -- property_state
           '(?:LH|${PROPERTY})',                                           -- property_type
           '${FIVE_DIGITS}',                                               -- msa_md
           '${PURPOSE}',                                                   -- loan_purpose
           '${PROGRAM}',                                                   -- special_eligibility_program
           '${VALUATION}',                                                 -- property_valuation_method
           '${MI_CANCELLATION}',                                           -- mi_cancellation_ind
           '${IDENTIFIER}?',                                               -- pre_harp_loan_identifier
           '[^\\x00-\\x1F]{0,60}',                                         -- seller_name
           '[^\\x00-\\x1F]{0,60}$') THEN 'code'                            -- servicer_name
    -- Five digits of the postal code before Release 47, owner-occupied and leasehold only in the oldest files.
    WHEN NOT if(layout = 'r47', f[18] RLIKE '^(?:[0-9]{3})?$', f[18] RLIKE '^${FIVE_DIGITS}$') THEN 'code'
    WHEN layout <> 'release2018' AND (f[7] = 'O' OR f[17] = 'LH') THEN 'code'
  END AS fault
FROM named;

-- 2. Judge ------------------------------------------------------------------------------------------------------------------
-- Duplicates are few, so their keys are found first: ranking all records would carry every one of them through a shuffle. An
-- identifier holds its quarter (rule loan_identifier), so that is no key of its own.

DROP TABLE IF EXISTS repeated_origination;

CREATE TABLE repeated_origination
STORED AS PARQUET
AS
SELECT loan_identifier
FROM checked_origination
WHERE fault IS NULL
GROUP BY loan_identifier
HAVING count(*) > 1;

DROP VIEW IF EXISTS judged_origination;

CREATE VIEW judged_origination AS
SELECT c.layout, c.quarter, c.loan_identifier, c.line, c.record, c.fault AS reason
FROM checked_origination c
LEFT JOIN repeated_origination r
  ON r.loan_identifier = c.loan_identifier
WHERE c.fault IS NOT NULL OR r.loan_identifier IS NULL
UNION ALL
SELECT layout, quarter, loan_identifier, line, record, if(copy > 1, 'duplicate', NULL) AS reason
FROM (
  SELECT
    c.layout, c.quarter, c.loan_identifier, c.line, c.record,
    row_number() OVER (PARTITION BY c.loan_identifier ORDER BY trim(c.line), c.line) AS copy
  FROM checked_origination c
  JOIN repeated_origination r
    ON r.loan_identifier = c.loan_identifier
  WHERE c.fault IS NULL
) d;

-- 3. Reject -----------------------------------------------------------------------------------------------------------------

INSERT OVERWRITE TABLE quarantine_origination PARTITION (quarter)
SELECT reason, line, quarter
FROM judged_origination
WHERE reason IS NOT NULL
DISTRIBUTE BY quarter
SORT BY reason, line;

-- 4. Convert ----------------------------------------------------------------------------------------------------------------
-- Records are sorted before they are converted: one column is moved instead of thirty-two.

INSERT OVERWRITE TABLE origination PARTITION (origination_year, quarter)
SELECT
  CAST(nullif(f[0], '9999') AS SMALLINT)             AS classic_fico,
  CAST(concat(substr(f[1], 1, 4), '-', substr(f[1], 5, 2), '-01') AS DATE)  AS first_payment_date,
  if(f[2] IN ('', '9'), NULL, f[2])                  AS first_time_homebuyer_ind,
  CAST(concat(substr(f[3], 1, 4), '-', substr(f[3], 5, 2), '-01') AS DATE)  AS maturity_date,
  nullif(f[4], '')                                   AS msa_md,
  CAST(nullif(f[5], '999') AS SMALLINT)              AS mi_pct,
  CAST(nullif(f[6], '99') AS SMALLINT)               AS number_of_units,
  CASE WHEN f[7] IN ('', '9') THEN NULL WHEN f[7] = 'O' THEN 'P' ELSE f[7] END  AS occupancy_status,
  CAST(nullif(f[8], '999') AS SMALLINT)              AS original_cltv,
  CAST(nullif(f[9], '999') AS SMALLINT)              AS original_dti,
  CAST(f[10] AS DECIMAL(14,2))                       AS original_upb,
  CAST(nullif(f[11], '999') AS SMALLINT)             AS original_ltv,
  CAST(f[12] AS DECIMAL(6,3))                        AS original_interest_rate,
  if(f[13] IN ('', '9'), NULL, f[13])                AS channel,
  nullif(f[14], '')                                  AS prepayment_penalty_ind,
  nullif(f[15], '')                                  AS amortization_type,
  nullif(f[16], '')                                  AS property_state,
  if(f[17] IN ('', '99'), NULL, f[17])               AS property_type,
  nullif(substr(f[18], 1, 3), '')                    AS postal_code,
  f[19]                                              AS loan_identifier,
  if(f[20] IN ('', '9'), NULL, f[20])                AS loan_purpose,
  CAST(f[21] AS SMALLINT)                            AS original_loan_term,
  CAST(nullif(f[22], '99') AS SMALLINT)              AS number_of_borrowers,
  nullif(f[23], '')                                  AS seller_name,
  -- Before Release 47, a flag that is not Y is blank.
  if(f[24] = '', if(layout = 'r47', NULL, 'N'), f[24])  AS super_conforming_flag,
  nullif(f[25], '')                                  AS pre_harp_loan_identifier,
  if(f[26] IN ('', '9'), NULL, f[26])                AS special_eligibility_program,
  if(f[27] = '', if(layout = 'legacy32', 'N', NULL), f[27])  AS harp_ind,
  if(f[28] IN ('', '7', '9'), NULL, f[28])           AS property_valuation_method,
  nullif(f[29], '')                                  AS interest_only_ind,
  CAST(nullif(f[30], '9999') AS SMALLINT)            AS vantagescore_4,
  layout,
  CAST(substr(quarter, 1, 4) AS INT)                 AS origination_year,
  quarter
FROM (
  SELECT layout, quarter, split(record, '[|]') AS f
  FROM (
    SELECT layout, quarter, loan_identifier, record
    FROM judged_origination
    WHERE reason IS NULL
    DISTRIBUTE BY quarter
    SORT BY quarter, loan_identifier
  ) sorted
) accepted;

INSERT OVERWRITE TABLE loan_servicing PARTITION (quarter)
SELECT
  f[19]                                AS loan_identifier,
  nullif(f[31], '')                    AS servicer_name,
  if(f[32] IN ('', '9'), NULL, f[32])  AS mi_cancellation_ind,
  quarter
FROM (
  SELECT quarter, split(record, '[|]') AS f
  FROM judged_origination
  WHERE reason IS NULL AND layout <> 'r47'
) accepted
DISTRIBUTE BY quarter
SORT BY loan_identifier;

-- 5. Export for MySQL -------------------------------------------------------------------------------------------------------
-- The rows are sorted already.

INSERT OVERWRITE TABLE export_origination PARTITION (quarter)
SELECT
  classic_fico, first_payment_date, first_time_homebuyer_ind, maturity_date, msa_md, mi_pct, number_of_units, occupancy_status,
  original_cltv, original_dti, original_upb, original_ltv, original_interest_rate, channel, prepayment_penalty_ind,
  amortization_type, property_state, property_type, postal_code, loan_identifier, loan_purpose, original_loan_term,
  number_of_borrowers, seller_name, super_conforming_flag, pre_harp_loan_identifier, special_eligibility_program, harp_ind,
  property_valuation_method, interest_only_ind, vantagescore_4, layout,
  quarter
FROM origination
WHERE quarter IN (${QUARTERS});

DROP VIEW judged_origination;
DROP TABLE repeated_origination;
DROP TABLE checked_origination;
