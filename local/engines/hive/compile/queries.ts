/** Queries of Hive become queries of DuckDB. */
import { HiveSemanticError, HiveUnsupported } from '../errors.ts'
import type { Expression, Grouping, Query, Select, SetOperation, SortKey, Source } from '../syntax/ast.ts'
import { commonType, type HiveType, isText, typeName } from '../types.ts'
import { convert } from './casts.ts'
import { compileExpression, condition, type Surroundings, sortSql } from './expressions.ts'
import { AGGREGATES, ROW_FUNCTIONS } from './functions/index.ts'
import { lateralRows } from './lateral.ts'
import { type Catalog, type PartitionRows, type Relation, Scope } from './scope.ts'
import { type Column, identifier, type Typed } from './typed.ts'

export interface CompiledQuery {
  /** The query in its order, with its limit. */
  readonly sql: string
  readonly columns: readonly Column[]
  /** Did it ask for an order? */
  readonly ordered: boolean
  /** The same rows in any order with the sort keys as further columns: what INSERT sorts itself. Absent when a limit makes the order part of the result. */
  readonly unsorted?:
    | { readonly sql: string; readonly keys: readonly SortColumn[]; readonly columns: number }
    | undefined
  /** When the query only converts, row by row, what a sorted subquery gives: INSERT stages that, which is narrower. */
  readonly sortedInput?: SortedInput | undefined
  /** When the query only converts, row by row, what a partitioned table holds. */
  readonly byPartition?: ByPartition | undefined
}

/** A query over one partition after the other. */
export interface ByPartition {
  /** Which columns are a partition column of the table's: its position there by the column's position here. */
  readonly columns: ReadonlyMap<number, number>
  readonly partitions: readonly PartitionRows[]
}

export interface SortedInput {
  /** The sorted subquery. */
  readonly sql: string
  /** The query over a relation that holds the subquery's rows; all its columns, or those at some positions. */
  over(relation: string, positions?: readonly number[]): string
}

/** Sorting by the column at a position, from 0. */
export interface SortColumn extends Pick<SortKey, 'descending' | 'nullsFirst'> {
  readonly position: number
}

interface Body {
  readonly sql: string
  readonly columns: readonly Column[]
  /** Where ORDER BY may look besides the select list. */
  readonly around: Surroundings | undefined
  readonly items: ReadonlyMap<string, Typed>
  /** Rebuilds the body with further columns at its end. */
  extend?(extra: readonly string[]): string
  readonly sortedInput?: SortedInput | undefined
  readonly byPartition?: ByPartition | undefined
}

interface CompiledSource {
  readonly sql: string
  readonly relations: readonly Relation[]
  /** When it is nothing but a subquery. */
  readonly query?: CompiledQuery
  /** When it is nothing but a partitioned table. */
  readonly partitions?: readonly PartitionRows[] | undefined
}

type Names = ReadonlyMap<string, readonly Column[]>

/** @throws HiveSemanticError, HiveUnsupported */
export function compileQuery(query: Query, catalog: Catalog): CompiledQuery {
  return new QueryCompiler(catalog).query(query, new Map(), undefined)
}

class QueryCompiler {
  readonly #catalog: Catalog

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  query(query: Query, outerNames: Names, outer: Scope | undefined): CompiledQuery {
    const names = new Map(outerNames)
    const definitions = query.with.map(({ name, query: inner }) => {
      const compiled = this.query(inner, names, outer)
      names.set(name, compiled.columns)
      // Hive puts the query in wherever its name stands (hive.optimize.cte.materialize.threshold).
      return `${identifier(`cte ${name}`)} AS NOT MATERIALIZED (${compiled.sql})`
    })
    const withSql = definitions.length ? `WITH ${definitions.join(', ')} ` : ''
    const body =
      query.body.kind === 'select'
        ? this.#select(query.body, names, outer)
        : this.#setOperation(query.body, names, outer)
    const keys = query.orderBy.length ? query.orderBy : query.sortBy
    const sorted = this.#sorted(body, keys)
    const limit =
      (query.limit === undefined ? '' : ` LIMIT ${query.limit}`) + (query.offset ? ` OFFSET ${query.offset}` : '')
    const order = sorted.map(({ position, hidden, ...key }) => sortSql(hidden ?? String(position + 1), key))
    const simple = sorted.every((key) => key.hidden === undefined)
    const sql = simple
      ? `${withSql}${body.sql}${order.length ? ` ORDER BY ${order.join(', ')}` : ''}${limit}`
      : `${withSql}SELECT * EXCLUDE (${sorted.flatMap((key, i) => (key.hidden === undefined ? [] : [identifier(`key ${i}`)])).join(', ')}) FROM (${this.#extended(body, sorted)}) ORDER BY ${sorted.map((key, i) => sortSql(key.hidden === undefined ? String(key.position + 1) : identifier(`key ${i}`), key)).join(', ')}${limit}`
    const hidden = sorted.filter((key) => key.hidden !== undefined)
    const unsorted =
      limit || !sorted.length
        ? undefined
        : {
            sql: `${withSql}${simple ? body.sql : this.#extended(body, sorted)}`,
            keys: sorted.map((key) => ({
              position: key.hidden === undefined ? key.position : body.columns.length + hidden.indexOf(key),
              descending: key.descending,
              nullsFirst: key.nullsFirst,
            })),
            columns: body.columns.length + hidden.length,
          }
    // Names of WITH are known only inside of it.
    const { sortedInput, byPartition } = keys.length || limit || names.size ? {} : body
    return { sql, columns: body.columns, ordered: order.length > 0, unsorted, sortedInput, byPartition }
  }

  #extended(body: Body, sorted: readonly { hidden?: string | undefined }[]): string {
    const extra = sorted.flatMap((key, i) =>
      key.hidden === undefined ? [] : [`${key.hidden} AS ${identifier(`key ${i}`)}`],
    )
    return body.extend!(extra)
  }

  /** Sort keys: a column of the select list by its position, anything else as a hidden expression. */
  #sorted(body: Body, keys: readonly SortKey[]): (SortColumn & { hidden?: string | undefined })[] {
    return keys.map((key) => {
      const { expression, descending, nullsFirst } = key
      if (expression.kind === 'number') {
        const position = Number(expression.value) - 1
        if (!(position >= 0 && position < body.columns.length))
          throw new HiveSemanticError(
            `ORDER BY ${expression.value}: there are ${body.columns.length} columns`,
            expression,
          )
        return { position, descending, nullsFirst }
      }
      const alias =
        expression.kind === 'column' && expression.path.length === 1
          ? body.columns.findIndex((c) => c.name === expression.path[0])
          : -1
      if (alias >= 0) return { position: alias, descending, nullsFirst }
      if (!body.around)
        throw new HiveSemanticError('The order of a UNION or a SELECT DISTINCT names only its columns', expression)
      const around = { ...body.around, scope: body.around.scope.withItems(body.items, true) }
      const { sql } = compileExpression(expression, around)
      const same = [...body.items.values()].findIndex((item) => item.sql === sql)
      if (same >= 0)
        return {
          position: body.columns.findIndex((c) => c.name === [...body.items.keys()][same]),
          descending,
          nullsFirst,
        }
      return { position: -1, hidden: sql, descending, nullsFirst }
    })
  }

  #setOperation(body: SetOperation, names: Names, outer: Scope | undefined): Body {
    const sides = [this.query(body.left, names, outer), this.query(body.right, names, outer)] as const
    const [left, right] = [sides[0].columns, sides[1].columns]
    if (left.length !== right.length)
      throw new HiveSemanticError(`${body.operator}: the queries give ${left.length} and ${right.length} columns`, body)
    const columns = left.map((c, i): Column => {
      const other = right[i]!.type
      // Numbers go with numbers and texts with texts, but neither with the other (FunctionRegistry.getCommonClassForUnionAll).
      const apart = isText(c.type) !== isText(other) && c.type.kind !== 'void' && other.kind !== 'void'
      const type = apart ? undefined : commonType(c.type, other)
      if (!type)
        throw new HiveSemanticError(
          `${body.operator}: column ${i + 1} (${c.name}) is ${typeName(c.type)} and ${typeName(other)}`,
          body,
        )
      return { name: c.name, type }
    })
    const [a, b] = sides.map((side) => inTypes(side, columns, body))
    return { sql: `(${a}) ${body.operator} (${b})`, columns, around: undefined, items: new Map() }
  }

  #select(select: Select, names: Names, outer: Scope | undefined): Body {
    const rows = rowFunction(select)
    const from = rows?.from ?? select.from
    const source: CompiledSource = from ? this.#source(from, names, outer) : { sql: '', relations: [] }
    const scope = new Scope(source.relations, outer)
    const base: Surroundings = {
      scope,
      windows: select.windows,
      compileQuery: (query, inner) => this.query(query, names, inner),
    }
    const groupKeys = select.groupBy ? this.#groupKeys(select, base) : undefined
    const around: Surroundings = groupKeys ? { ...base, groupKeys } : base

    const columns: Column[] = []
    const items = new Map<string, Typed>()
    const list: string[] = []
    const values: string[] = []
    const add = (name: string, value: Typed) => {
      values.push(value.sql)
      columns.push({ name, type: value.type })
      if (!items.has(name)) items.set(name, value)
      list.push(`${value.type.kind === 'void' ? 'CAST(NULL AS VARCHAR)' : value.sql} AS ${identifier(name)}`)
    }
    for (const item of rows?.items ?? select.items) {
      if (item.kind === 'star') {
        const relations = item.table ? source.relations.filter((r) => r.alias === item.table) : source.relations
        if (!relations.length)
          throw new HiveSemanticError(
            item.table ? `There is no table '${item.table}' in FROM` : 'SELECT * needs FROM',
            item,
          )
        for (const relation of relations)
          for (const c of relation.columns)
            add(c.name, { sql: `${identifier(relation.alias)}.${identifier(c.name)}`, type: c.type })
      } else {
        const { expression } = item
        const name =
          item.alias ??
          (expression.kind === 'column'
            ? expression.path.at(-1)!
            : expression.kind === 'field'
              ? expression.field
              : `_c${columns.length}`)
        add(name, compileExpression(expression, around))
      }
    }

    const tail = [
      select.where ? ` WHERE ${condition(select.where, base)}` : '',
      groupKeys ? ` GROUP BY ${groupingSql(select.groupBy!, groupKeys)}` : '',
      select.having ? ` HAVING ${condition(select.having, { ...around, scope: scope.withItems(items, false) })}` : '',
    ].join('')
    const build = (extra: readonly string[], input = source.sql, chosen: readonly string[] = list) =>
      `SELECT ${select.distinct ? 'DISTINCT ' : ''}${[...chosen, ...extra].join(', ')}${input ? ` FROM ${input}` : ''}${tail}`
    const converts = !rows && rowByRow(select)
    const input = converts ? sortedInputOf(source.query) : undefined
    const sortedInput: SortedInput | undefined = input && {
      sql: input.sql,
      over: (relation, positions) =>
        build(
          [],
          `(${input.over(relation)}) AS ${identifier(source.relations[0]!.alias)}`,
          positions?.map((i) => list[i]!),
        ),
    }
    const extend = (extra: readonly string[]) => build(extra)
    return {
      sql: build([]),
      columns,
      around: select.distinct ? undefined : around,
      items,
      extend,
      sortedInput,
      byPartition: converts ? byPartitionRows(source, values, (sql) => build([], sql)) : undefined,
    }
  }

  #groupKeys(select: Select, around: Surroundings): string[] {
    return select.groupBy!.keys.map((key) => {
      let expression: Expression = key
      if (key.kind === 'number') {
        const item = select.items[Number(key.value) - 1]
        if (!this.#catalog.groupByPosition || item?.kind !== 'expression') {
          throw new HiveUnsupported(
            `GROUP BY ${key.value} groups by the constant ${key.value}: name the column, or SET hive.groupby.position.alias=true`,
            key,
          )
        }
        expression = item.expression
      }
      return compileExpression(expression, around).sql
    })
  }

  #source(source: Source, names: Names, outer: Scope | undefined): CompiledSource {
    switch (source.kind) {
      case 'table': {
        const { database, name } = source.table
        const alias = source.alias ?? name
        const named = database ? undefined : names.get(name)
        if (named)
          return { sql: `${identifier(`cte ${name}`)} AS ${identifier(alias)}`, relations: [{ alias, columns: named }] }
        const table = this.#catalog.table(source.table)
        return {
          sql: `${table.sql} AS ${identifier(alias)}`,
          relations: [{ alias, columns: table.columns }],
          partitions: table.partitions,
        }
      }
      case 'query': {
        const inner = this.query(source.query, names, outer)
        return {
          sql: `(${inner.sql}) AS ${identifier(source.alias)}`,
          relations: [{ alias: source.alias, columns: inner.columns }],
          query: inner,
        }
      }
      case 'join':
        return this.#join(source, names, outer)
      case 'lateral': {
        const input = this.#source(source.input, names, outer)
        const around = this.#around(new Scope(input.relations, outer), names)
        const values = source.call.arguments.map((argument) => compileExpression(argument, around))
        const rows = lateralRows(source.call, values, source.columns)
        const relation = { alias: source.alias, columns: rows.columns }
        const joined = source.outer
          ? `${input.sql} LEFT JOIN LATERAL (${rows.sql}) AS ${identifier(source.alias)} ON true`
          : `${input.sql} CROSS JOIN LATERAL (${rows.sql}) AS ${identifier(source.alias)}`
        return { sql: joined, relations: [...input.relations, relation] }
      }
    }
  }

  #around(scope: Scope, names: Names): Surroundings {
    return { scope, windows: new Map(), compileQuery: (query, inner) => this.query(query, names, inner) }
  }

  #join(source: Extract<Source, { kind: 'join' }>, names: Names, outer: Scope | undefined): CompiledSource {
    const [left, right] = [this.#source(source.left, names, outer), this.#source(source.right, names, outer)]
    const relations = [...left.relations, ...right.relations]
    const twice = relations.find((relation, i) => relations.findIndex((r) => r.alias === relation.alias) !== i)
    if (twice)
      throw new HiveSemanticError(`The alias '${twice.alias}' stands for two tables: give one of them another`, source)
    const on = source.on ? condition(source.on, this.#around(new Scope(relations, outer), names)) : undefined
    const rightSql = source.right.kind === 'join' || source.right.kind === 'lateral' ? `(${right.sql})` : right.sql
    if (!on) {
      if (source.type !== 'CROSS' && source.type !== 'INNER')
        throw new HiveSemanticError(`${source.type} JOIN needs ON`, source)
      return { sql: `${left.sql} CROSS JOIN ${rightSql}`, relations }
    }
    const type = source.type === 'CROSS' ? 'INNER' : source.type
    return {
      sql: `${left.sql} ${type} JOIN ${rightSql} ON ${on}`,
      relations: source.type === 'SEMI' ? left.relations : relations,
    }
  }
}

const sortedInputOf = (query: CompiledQuery | undefined): SortedInput | undefined =>
  query?.sortedInput ?? (query?.unsorted && { sql: query.sql, over: (relation: string) => `SELECT * FROM ${relation}` })

/** The query of each partition, when the source is nothing but a partitioned table. */
function byPartitionRows(
  { partitions, relations }: CompiledSource,
  values: readonly string[],
  build: (input: string) => string,
): ByPartition | undefined {
  const [relation] = relations
  if (!partitions?.length || !relation) return undefined
  const alias = identifier(relation.alias)
  const names = relation.columns.slice(-partitions[0]!.values.length).map((c) => `${alias}.${identifier(c.name)}`)
  return {
    columns: new Map(values.flatMap((sql, i) => (names.includes(sql) ? [[i, names.indexOf(sql)] as const] : []))),
    partitions: partitions.map((p) => ({ values: p.values, sql: build(`${p.sql} AS ${alias}`) })),
  }
}

/** Does each row give at most one row, whatever the other rows are? */
function rowByRow(select: Select): boolean {
  if (select.distinct || select.groupBy || select.having) return false
  const alone = (node: unknown): boolean => {
    if (node === null || typeof node !== 'object') return true
    const { kind, name, over } = node as { kind?: string; name?: string; over?: unknown }
    if (kind === 'call' && (over || AGGREGATES[name!])) return false
    return Object.values(node).every(alone)
  }
  return alone(select.items) && alone(select.where)
}

/** The query with its columns converted to the types that its union has. */
function inTypes(side: CompiledQuery, columns: readonly Column[], at: SetOperation): string {
  if (side.columns.every((c, i) => typeName(c.type) === typeName(columns[i]!.type))) return side.sql
  const list = columns.map((c, i) => {
    const sql = `u.${identifier(`c${i}`)}`
    const from: HiveType = side.columns[i]!.type
    return `${convert({ sql, type: from }, c.type, at).sql} AS ${identifier(c.name)}`
  })
  return `SELECT ${list.join(', ')} FROM (${side.sql}) AS u(${columns.map((_, i) => identifier(`c${i}`)).join(', ')})`
}

function groupingSql(grouping: Grouping, keys: readonly string[]): string {
  if (!grouping.sets) return keys.join(', ')
  return `GROUPING SETS (${grouping.sets.map((set) => `(${set.map((i) => keys[i]).join(', ')})`).join(', ')})`
}

/** `SELECT explode(a) AS x FROM t` is `SELECT x FROM t LATERAL VIEW explode(a) e AS x`. */
function rowFunction(select: Select): { from: Source; items: Select['items'] } | undefined {
  const [item] = select.items
  if (item?.kind !== 'expression' || item.expression.kind !== 'call' || !ROW_FUNCTIONS.has(item.expression.name))
    return undefined
  if (select.items.length > 1)
    throw new HiveSemanticError(`${item.expression.name} must be alone in the select list: use LATERAL VIEW`, item)
  const place = { line: item.line, column: item.column }
  const one: Source = {
    kind: 'query',
    alias: '_one',
    ...place,
    query: {
      with: [],
      orderBy: [],
      distributeBy: [],
      sortBy: [],
      limit: undefined,
      offset: undefined,
      ...place,
      body: {
        kind: 'select',
        distinct: false,
        items: [
          {
            kind: 'expression',
            expression: { kind: 'number', value: '1', type: { kind: 'int' }, ...place },
            alias: '_one',
            ...place,
          },
        ],
        from: undefined,
        where: undefined,
        groupBy: undefined,
        having: undefined,
        windows: new Map(),
        ...place,
      },
    },
  }
  return {
    from: {
      kind: 'lateral',
      input: select.from ?? one,
      outer: false,
      call: item.expression,
      alias: '_rows',
      columns: item.aliases ?? (item.alias ? [item.alias] : []),
      ...place,
    },
    items: [{ kind: 'star', table: '_rows', ...place }],
  }
}
