-- Replaces one quarter of performance by the processed Parquet files, as part of one transaction: no BEGIN, and no TRUNCATE, which would commit.
-- The prefix holds all reporting years of the quarter's loans.

-- Staging has the table's columns but the quarter, which is in the files' path only. It is the session's own.
CREATE TEMPORARY TABLE performance_staging (LIKE public.performance);
ALTER TABLE performance_staging DROP COLUMN quarter;

-- Columns go by position; a file with other columns or types is refused, and with it the whole load.
COPY performance_staging
FROM '${PROCESSED}/performance/quarter=${QUARTER}/'
IAM_ROLE default
FORMAT AS PARQUET;

-- COPY remembers nothing: deleting first is what makes a second load of the quarter replace the first.
DELETE FROM public.performance WHERE quarter = '${QUARTER}';

INSERT INTO public.performance
SELECT staging.*, '${QUARTER}'
FROM performance_staging AS staging;

DROP TABLE performance_staging;
