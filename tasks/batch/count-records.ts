/** Counts raw, rejected and processed records of each quarter and table. */
import { runScript } from './hive/run-script.ts'

export const handler = runScript({ name: 'CountRecords', variable: 'COUNT_RECORDS_SCRIPT' })
