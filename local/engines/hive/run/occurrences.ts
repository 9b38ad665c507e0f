/**
 * Which tables a syntax tree names, and what its WHERE clauses say outright about their columns (`quarter IN ('1999Q1', …)`), so that
 * partitions they rule out are not even listed.
 */
import type { Expression, Query, Select, Source, TableName } from '../syntax/ast.ts'

/** A column is one of a few literals. */
export interface Condition {
  readonly path: readonly string[]
  readonly values: ReadonlySet<string>
}

export interface Occurrence {
  readonly table: TableName
  readonly conditions: readonly Condition[]
}

/**
 * Every table in the tree that is no name of a WITH clause, once for each place where it stands.
 *
 * @param outer what is known of the columns that the tree's own query gives, when it is a view's
 */
export function occurrences(nodes: readonly unknown[], outer: readonly Condition[] = []): Occurrence[] {
  const found: Occurrence[] = []
  const walk = new Walk(found)
  for (const node of nodes) walk.visit(node, new Set(), outer)
  return found
}

class Walk {
  readonly #found: Occurrence[]

  constructor(found: Occurrence[]) {
    this.#found = found
  }

  visit(node: unknown, names: ReadonlySet<string>, outer: readonly Condition[] = []): void {
    if (Array.isArray(node)) {
      for (const item of node) this.visit(item, names)
    } else if (node instanceof Map) {
      for (const item of node.values()) this.visit(item, names)
    } else if (node !== null && typeof node === 'object') {
      if (isQuery(node)) this.#query(node, names, outer)
      else for (const value of Object.values(node)) this.visit(value, names)
    }
  }

  #query(query: Query, names: ReadonlySet<string>, outer: readonly Condition[]): void {
    const inner = new Set(names)
    for (const definition of query.with) {
      this.visit(definition.query, new Set(inner))
      inner.add(definition.name)
    }
    // Rows that a limit chooses must be chosen from all rows.
    const known = query.limit === undefined ? outer : []
    const { body } = query
    if (body.kind === 'select') this.#select(body, inner, known)
    else {
      this.visit(body.left, inner, known)
      this.visit(body.right, inner, byPosition(known, body.left, body.right))
    }
    for (const rest of [query.orderBy, query.sortBy, query.distributeBy]) this.visit(rest, inner)
  }

  #select(select: Select, names: ReadonlySet<string>, outer: readonly Condition[]): void {
    const own = select.where ? conjuncts(select.where).flatMap(literalCondition) : []
    // A window function looks at rows that the outer condition would take away.
    const through = hasWindow(select) ? [] : outer.flatMap((condition) => translated(condition, select))
    if (select.from) this.#source(select.from, [...own, ...through], names)
    const { from: _, ...rest } = select
    for (const value of Object.values(rest)) this.visit(value, names)
  }

  #source(source: Source, conditions: readonly Condition[], names: ReadonlySet<string>): void {
    switch (source.kind) {
      case 'table':
        if (source.table.database === undefined && names.has(source.table.name)) return
        this.#found.push({ table: source.table, conditions: about(conditions, source.alias ?? source.table.name) })
        return
      case 'query':
        this.visit(source.query, names, about(conditions, source.alias))
        return
      case 'join':
        this.#source(source.left, conditions, names)
        // What a semi join looks into is out of sight for WHERE.
        this.#source(source.right, source.type === 'SEMI' ? [] : conditions, names)
        this.visit(source.on, names)
        return
      case 'lateral':
        this.#source(source.input, conditions, names)
        this.visit(source.call, names)
    }
  }
}

const isQuery = (node: object): node is Query => 'body' in node && 'with' in node && Array.isArray(node.with)

/** The conditions that can be meant for a table, as conditions on its bare columns. */
const about = (conditions: readonly Condition[], alias: string): Condition[] =>
  conditions.flatMap(({ path, values }) => {
    if (path.length === 1) return [{ path, values }]
    return path.length === 2 && path[0] === alias ? [{ path: [path[1]!], values }] : []
  })

/** A condition on an output column is one on the column behind it, if the select list passes that one on as it is. */
function translated(condition: Condition, select: Select): Condition[] {
  const [name] = condition.path
  for (const item of select.items) {
    if (item.kind === 'star') continue
    const { expression, alias } = item
    if (expression.kind === 'column' && (alias ?? expression.path.at(-1)) === name)
      return [{ path: expression.path, values: condition.values }]
    if (alias === name) return []
  }
  const star = select.items.find((item) => item.kind === 'star')
  if (!star) return []
  return star.table === undefined ? [condition] : [{ path: [star.table, name!], values: condition.values }]
}

/** The second query of a UNION gives its columns the first one's names. */
function byPosition(conditions: readonly Condition[], left: Query, right: Query): Condition[] {
  const [names, others] = [outputs(left), outputs(right)]
  if (!names || !others) return []
  return conditions.flatMap(({ path, values }) => {
    const other = others[names.indexOf(path[0]!)]
    return other === undefined ? [] : [{ path: [other], values }]
  })
}

function outputs(query: Query): (string | undefined)[] | undefined {
  if (query.body.kind === 'set') return outputs(query.body.left)
  if (query.body.items.some((item) => item.kind === 'star')) return undefined
  return query.body.items.map((item) =>
    item.kind === 'expression'
      ? (item.alias ?? (item.expression.kind === 'column' ? item.expression.path.at(-1) : undefined))
      : undefined,
  )
}

const hasWindow = (select: Select): boolean => {
  const search = (node: unknown): boolean =>
    node !== null &&
    typeof node === 'object' &&
    (('over' in node && node.over !== undefined) || Object.values(node).some(search))
  return search(select.items)
}

function conjuncts(expression: Expression): Expression[] {
  if (expression.kind !== 'binary' || expression.operator !== 'AND') return [expression]
  return [...conjuncts(expression.left), ...conjuncts(expression.right)]
}

function literalCondition(expression: Expression): Condition[] {
  if (expression.kind === 'in' && !expression.negated && expression.operand.kind === 'column') {
    const values = expression.list.flatMap((value) => literalText(value) ?? [])
    if (values.length === expression.list.length) return [{ path: expression.operand.path, values: new Set(values) }]
  }
  if (expression.kind === 'binary' && expression.operator === '=') {
    const [column, value] =
      expression.left.kind === 'column' ? [expression.left, expression.right] : [expression.right, expression.left]
    const text = literalText(value)
    if (column.kind === 'column' && text !== undefined) return [{ path: column.path, values: new Set([text]) }]
  }
  return []
}

/** Strings; numbers may be written in several ways, so they are left to the query. */
const literalText = (expression: Expression): string | undefined =>
  expression.kind === 'string' ? expression.value : undefined
