-- Begins the transaction that replaces a quarter. Under snapshot isolation, the default, a second writer's DELETE would not see the rows that the first
-- has just inserted, and both would stay. The snapshot is taken after the locks are there, so the second one sees everything.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html
LOCK public.origination, public.performance;
