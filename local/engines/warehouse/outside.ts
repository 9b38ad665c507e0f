/**
 * What DuckDB would read of the machine, and Redshift knows nothing of: files by functions or by name, settings, query texts. A statement
 * reaches data through tables and through COPY and UNLOAD, which ask for every path, and through nothing else.
 */
import { WarehouseObjectError } from './errors.ts'
import { isGroup, isWord, type Node } from './tree.ts'

/** https://duckdb.org/docs/stable/sql/functions/overview, by the names of duckdb_functions() in version 1.5. */
const FUNCTIONS =
  /^(?:read_|parquet_|arrow_scan|duckdb_(?:settings|secret|log|external|temporary|databases|extensions)|pragma_|json_execute|seq_scan$|glob$|sniff_csv$|query$|query_table$|current_setting$|getenv$|which_secret$|write_log$|enable_|disable_|force_checkpoint$|checkpoint$|truncate_duckdb|copy_database$|import_database$|storage_info$|sql_auto_complete$|add_parquet_key$)/i

/** A relation whose name is a file's: `FROM "a/b.csv"`. */
const FILE_NAME = /[/\\]|\.(?:csv|tsv|txt|parquet|json|jsonl|ndjson|db|duckdb)(?:\.\w+)?$/i

/** Words behind which a relation stands; a text there would be a file. */
const BEFORE_RELATION = ['from', 'join', 'pivot', 'unpivot', 'describe', 'summarize', 'show', 'table', 'into', 'using']
const END_OF_FROM =
  'where group order having limit qualify window union intersect except minus on set values select'.split(' ')

/**
 * @param argument whether the nodes are a function's arguments, where FROM is part of the call: `TRIM('x' FROM name)`
 * @throws WarehouseObjectError as for a function or relation that does not exist
 */
export function refuseOutside(nodes: readonly Node[], argument: boolean): void {
  let inFrom = false
  for (const [at, node] of nodes.entries()) {
    const [before, next] = [nodes[at - 1], nodes[at + 1]]
    if (isGroup(node)) continue
    if ((node.kind === 'word' || node.kind === 'quoted') && isGroup(next) && FUNCTIONS.test(node.value))
      throw new WarehouseObjectError('42883', `function ${node.value} does not exist`, { position: node.start + 1 })
    if (isWord(node, 'from', 'join')) inFrom = !argument
    else if (isWord(node, ...END_OF_FROM)) inFrom = false
    const isText = node.kind === 'string' || node.kind === 'parameter'
    const isRelation =
      !argument &&
      (isWord(before, ...BEFORE_RELATION) ||
        (inFrom && before !== undefined && !isGroup(before) && before.text === ','))
    if ((isText && isRelation) || (node.kind === 'quoted' && FILE_NAME.test(node.value)))
      throw new WarehouseObjectError('42P01', `relation "${node.value}" does not exist`, { position: node.start + 1 })
  }
}
