-- Replaces one quarter of origination by the processed Parquet files, as part of one transaction: no BEGIN, and no TRUNCATE, which would commit.
-- YEAR is the quarter's year, as the processed files are partitioned.

-- Staging has the table's columns but the quarter, which is in the files' path only. It is the session's own.
CREATE TEMPORARY TABLE origination_staging (LIKE public.origination);
ALTER TABLE origination_staging DROP COLUMN quarter;

-- Columns go by position; a file with other columns or types is refused, and with it the whole load.
COPY origination_staging
FROM '${PROCESSED}/origination/origination_year=${YEAR}/quarter=${QUARTER}/'
IAM_ROLE default
FORMAT AS PARQUET;

-- COPY remembers nothing: deleting first is what makes a second load of the quarter replace the first.
DELETE FROM public.origination WHERE quarter = '${QUARTER}';

INSERT INTO public.origination
SELECT staging.*, '${QUARTER}'
FROM origination_staging AS staging;

DROP TABLE origination_staging;
