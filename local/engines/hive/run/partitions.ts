/** Statements about partitions, and what PARTITION (…) means. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { quote } from '../compile/typed.ts'
import { HiveSemanticError, HiveUnsupported, type Place } from '../errors.ts'
import type { Expression, InsertTarget, PartitionSpec, StatementOf } from '../syntax/ast.ts'
import type { Execution } from './execution.ts'
import { DEFAULT_PARTITION, type Table } from './metastore.ts'
import type { Settings } from './settings.ts'
import { partitionFolders } from './storage.ts'
import { partitionOf } from './write.ts'

/** The values of the static partition columns; dynamic ones must follow and must be allowed. */
export function staticPartition(table: Table, target: InsertTarget, settings: Settings): (string | null)[] {
  const { partition } = target
  if (!table.partitionedBy.length) {
    if (partition.length) throw new HiveSemanticError(`Table ${table.name} is not partitioned`, target)
    return []
  }
  // Hive 3 takes an INSERT without PARTITION as one with all columns dynamic.
  const spec: PartitionSpec = partition.length
    ? partition
    : table.partitionedBy.map((c) => ({ column: c.name, value: undefined }))
  checkSpec(table, spec, target)
  if (spec.length !== table.partitionedBy.length)
    throw new HiveSemanticError(`PARTITION must name ${table.partitionedBy.map((c) => c.name).join(', ')}`, target)
  const firstDynamic = spec.findIndex((p) => p.value === undefined)
  const count = firstDynamic < 0 ? spec.length : firstDynamic
  if (spec.slice(count).some((p) => p.value !== undefined))
    throw new HiveSemanticError('Dynamic partition columns come after static ones', target)
  if (count < spec.length) {
    if (!settings.is('hive.exec.dynamic.partition'))
      throw new HiveSemanticError(
        'Dynamic partition is disabled. Either enable it by setting hive.exec.dynamic.partition=true or specify partition column values',
        target,
      )
    if (count === 0 && settings.get('hive.exec.dynamic.partition.mode') !== 'nonstrict') {
      throw new HiveSemanticError(
        'Dynamic partition strict mode requires at least one static partition column. To turn this off set hive.exec.dynamic.partition.mode=nonstrict',
        target,
      )
    }
  }
  return spec.slice(0, count).map((p) => literalValue(p.value!))
}

export function checkSpec(table: Table, spec: PartitionSpec, at: Place): void {
  spec.forEach((part, i) => {
    if (table.partitionedBy[i]?.name !== part.column) {
      throw new HiveSemanticError(
        `Partition columns of ${table.name} are ${table.partitionedBy.map((c) => c.name).join(', ') || 'none'}; PARTITION names '${part.column}' in place ${i + 1}`,
        at,
      )
    }
  })
}

export function literalValue(value: Expression): string | null {
  if (value.kind === 'null') return null
  if (value.kind === 'string' || value.kind === 'number' || value.kind === 'typed') return value.value
  throw new HiveSemanticError('The value of a static partition is a literal', value)
}

/** MSCK REPAIR TABLE: what folders there are becomes the table's partitions. */
export async function repair(statement: StatementOf<'msck'>, run: Execution): Promise<void> {
  const table = run.metastore.table(statement.table)
  if (!table.partitionedBy.length)
    throw new HiveSemanticError(`Table ${table.name} is not partitioned: MSCK has nothing to find`, statement.table)
  const folder = await run.storage.folder(table.location, 'list')
  const present = await partitionFolders(
    folder,
    table.partitionedBy.map((c) => c.name),
  )
  const paths = new Set(present.map((p) => p.path))
  if (statement.add) {
    const missing = present.filter((p) => !table.partitions.has(p.path))
    for (const { values, path } of missing)
      table.partitions.set(path, { values: values.map((v) => (v === DEFAULT_PARTITION ? null : v)), path })
    if (missing.length)
      run.log('stdout', `Partitions not in metastore:\t${missing.map((p) => `${table.name}:${p.path}`).join('\t')}`)
    for (const { path } of missing) run.log('stdout', `Repair: Added partition to metastore ${table.name}:${path}`)
  }
  if (statement.drop)
    for (const path of [...table.partitions.keys()]) if (!paths.has(path)) table.partitions.delete(path)
}

export function addPartitions(statement: StatementOf<'add-partitions'>, run: Execution): void {
  const table = run.metastore.table(statement.table)
  for (const { spec, location } of statement.partitions) {
    checkSpec(table, spec, statement)
    if (spec.length !== table.partitionedBy.length || spec.some((p) => !p.value))
      throw new HiveSemanticError('ADD PARTITION names a value for every partition column', statement)
    const partition = partitionOf(
      table,
      spec.map((p) => literalValue(p.value!)),
    )
    if (location !== undefined && location.replace(/\/+$/, '') !== `${table.location}/${partition.path}`) {
      throw new HiveUnsupported(
        `A partition outside of its table's folder is not supported: leave LOCATION ${quote(location)} out`,
        statement,
      )
    }
    if (table.partitions.has(partition.path)) {
      if (statement.ifNotExists) continue
      throw new HiveSemanticError(`Partition already exists: ${partition.path}`, statement)
    }
    table.partitions.set(partition.path, partition)
  }
}

export async function dropPartitions(statement: StatementOf<'drop-partitions'>, run: Execution): Promise<void> {
  const table = run.metastore.table(statement.table)
  for (const spec of statement.specs) {
    const wanted = new Map(
      spec.map((p) => {
        const i = table.partitionedBy.findIndex((c) => c.name === p.column)
        if (i < 0 || !p.value)
          throw new HiveSemanticError(
            `DROP PARTITION takes columns of ${table.partitionedBy.map((c) => c.name).join(', ')} with values`,
            statement,
          )
        return [i, literalValue(p.value)]
      }),
    )
    const found = [...table.partitions.values()].filter((p) => [...wanted].every(([i, value]) => p.values[i] === value))
    if (!found.length && !statement.ifExists)
      throw new HiveSemanticError(`Partition not found (${spec.map((p) => p.column).join(', ')})`, statement)
    for (const { path } of found) {
      table.partitions.delete(path)
      if (!table.external)
        await rm(join(await run.storage.folder(table.location, 'delete'), path), { recursive: true, force: true })
      run.log('stderr', `Dropped the partition ${path}`)
    }
  }
}
