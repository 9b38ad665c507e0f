/** Which columns an expression can name. */
import { HiveSemanticError, type Place } from '../errors.ts'
import type { TableName } from '../syntax/ast.ts'
import { type Column, identifier, type Typed } from './typed.ts'

/** A table, subquery or lateral view in FROM. */
export interface Relation {
  readonly alias: string
  readonly columns: readonly Column[]
}

/** The relation of a table's rows, its partition columns last; of a partitioned table also that of every partition that a query needs. */
export interface TableRows {
  readonly sql: string
  readonly partitions?: readonly PartitionRows[] | undefined
}

export interface PartitionRows {
  readonly values: readonly (string | null)[]
  readonly sql: string
}

export interface KnownTable extends TableRows {
  readonly columns: readonly Column[]
}

/** What the compiler asks of the metastore. */
export interface Catalog {
  /** The SQL of a relation with the table's columns. @throws HiveSemanticError when there is no such table */
  table(name: TableName): KnownTable
  readonly groupByPosition: boolean
}

export class Scope {
  readonly relations: readonly Relation[]
  readonly #parent: Scope | undefined
  /** The select list by alias, where a clause may name it. */
  readonly #items: ReadonlyMap<string, Typed>
  readonly #itemsFirst: boolean

  constructor(
    relations: readonly Relation[],
    parent?: Scope,
    items: ReadonlyMap<string, Typed> = new Map(),
    itemsFirst = false,
  ) {
    this.relations = relations
    this.#parent = parent
    this.#items = items
    this.#itemsFirst = itemsFirst
  }

  /** HAVING names a column before an alias, ORDER BY an alias before a column. */
  withItems(items: ReadonlyMap<string, Typed>, itemsFirst: boolean): Scope {
    return new Scope(this.relations, this.#parent, items, itemsFirst)
  }

  /**
   * `a`, `t.a`, or either with struct fields behind.
   *
   * @throws HiveSemanticError no such column, or more than one
   */
  resolve(path: readonly string[], at: Place): Typed {
    const found = this.#find(path, at)
    if (found) return found
    const known = this.relations.flatMap((r) =>
      r.columns.map((c) => (this.relations.length > 1 ? `${r.alias}.${c.name}` : c.name)),
    )
    const hint = known.length ? `; there are: ${known.slice(0, 60).join(', ')}` : ''
    throw new HiveSemanticError(`Invalid table alias or column reference '${path.join('.')}'${hint}`, at)
  }

  #find(path: readonly string[], at: Place): Typed | undefined {
    const [first = '', ...rest] = path
    const item = rest.length === 0 ? this.#items.get(first) : undefined
    if (item && this.#itemsFirst) return item
    if (rest.length) {
      const relation = this.relations.find((r) => r.alias === first)
      const column = relation?.columns.find((c) => c.name === rest[0])
      if (relation && column) return fields(reference(relation, column), rest.slice(1), at)
    }
    const found = this.relations.flatMap((r) => r.columns.filter((c) => c.name === first).map((c) => reference(r, c)))
    if (found.length > 1) throw new HiveSemanticError(`Column '${first}' is ambiguous: say of which table`, at)
    if (found[0]) return fields(found[0], rest, at)
    return item ?? (this.#parent ? this.#parent.#find(path, at) : undefined)
  }
}

const reference = (relation: Relation, column: Column): Typed => ({
  sql: `${identifier(relation.alias)}.${identifier(column.name)}`,
  type: column.type,
})

/** `value.a.b` of a struct. */
export function fields(value: Typed, path: readonly string[], at: Place): Typed {
  return path.reduce((inner, name) => {
    const isList = inner.type.kind === 'array'
    const struct = inner.type.kind === 'array' ? inner.type.element : inner.type
    const field = struct.kind === 'struct' ? struct.fields.find((f) => f.name === name) : undefined
    if (!field || isList) throw new HiveSemanticError(`There is no field '${name}' to take`, at)
    return { sql: `struct_extract(${inner.sql}, '${name}')`, type: field.type }
  }, value)
}
