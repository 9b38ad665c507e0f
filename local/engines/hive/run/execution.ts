/** A script under way, and what every statement needs of it. */
import { type CompiledQuery, compileQuery } from '../compile/queries.ts'
import type { Query } from '../syntax/ast.ts'
import { catalogFor } from './catalog.ts'
import type { Duck } from './duck.ts'
import type { Metastore, Table } from './metastore.ts'
import type { Settings } from './settings.ts'
import type { Storage } from './storage.ts'
import type { TextFiles } from './text-files.ts'
import type { Writer } from './write.ts'

export interface Execution {
  readonly metastore: Metastore
  readonly storage: Storage
  readonly duck: Duck
  readonly texts: TextFiles
  readonly writer: Writer
  readonly settings: Settings
  /** Tables that end with the script. */
  readonly temporary: Table[]
  log(stream: 'stdout' | 'stderr', text: string): void
}

/** A query with the files that it reads now; with `shapeOnly`, only its columns count and no file is looked at. */
export async function compiled(query: Query, run: Execution, shapeOnly = false): Promise<CompiledQuery> {
  const { metastore, storage, texts, settings } = run
  const catalog = await catalogFor([query], {
    metastore,
    storage,
    texts,
    groupByPosition: settings.is('hive.groupby.position.alias'),
    shapeOnly,
  })
  return compileQuery(query, catalog)
}
