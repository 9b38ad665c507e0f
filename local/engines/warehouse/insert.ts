/**
 * The query of an INSERT or a CREATE TABLE AS. Where its rows come sorted (ORDER BY, a window), DuckDB 1.5.6 inserts them in that order,
 * and when there are none, the transaction's next INSERT of more than a row group (122,880 rows) into the table comes to nothing.
 * Redshift keeps no order of rows, so such a query is finished first, and its rows are inserted as they lie.
 */
import { type Parameters, rewrite } from './rewrite.ts'
import { isGroup, isWord, type Node } from './tree.ts'

/** The query as DuckDB SQL, in a form whose rows have no order. @throws WarehouseError as {@link rewrite} does */
export function insertedQuery(nodes: readonly Node[], parameters?: Parameters): string {
  const sql = rewrite(nodes, parameters)
  return hasOrder(nodes) ? ` WITH "inserted rows" AS MATERIALIZED (${sql}) SELECT * FROM "inserted rows"` : sql
}

/** `INSERT INTO name [(columns)] query` as DuckDB SQL. */
export function insertSql(nodes: readonly Node[], parameters?: Parameters): string {
  const query = nodes.findIndex((node) => isWord(isGroup(node) ? firstOf(node) : node, 'select', 'with'))
  if (query < 0) return rewrite(nodes, parameters)
  return `${rewrite(nodes.slice(0, query), parameters)}${insertedQuery(nodes.slice(query), parameters)}`
}

const hasOrder = (nodes: readonly Node[]): boolean =>
  nodes.some((node) => (isGroup(node) ? hasOrder(node.items) : isWord(node, 'order', 'over')))

/** What a parenthesis begins with, however deep. */
function firstOf(node: Node): Node | undefined {
  const first = isGroup(node) ? node.items[0] : node
  return first && isGroup(first) ? firstOf(first) : first
}
