/** Hive tables on the raw and the processed paths; a new cluster's metastore knows none. */
import { runScript } from './hive/run-script.ts'

export const handler = runScript({ name: 'CreateTables', variable: 'CREATE_TABLES_SCRIPT', everyCluster: true })
