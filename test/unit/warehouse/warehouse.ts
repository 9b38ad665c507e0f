/** A warehouse in a temporary folder, whose buckets are folders: `s3://lake/a/b` is `<root>/lake/a/b`. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openWarehouse, type Warehouse } from '../../../local/engines/warehouse/index.ts'

export interface TestWarehouse {
  warehouse: Warehouse
  root: string
  /** Every S3 access, as `role access uri`. */
  accesses: string[]
  put(uri: string, content: string | Uint8Array): Promise<void>
  path(uri: string): string
  close(): Promise<void>
}

export async function makeWarehouse(): Promise<TestWarehouse> {
  const root = await mkdtemp(join(tmpdir(), 'stepwell-warehouse-'))
  const accesses: string[] = []
  const path = (uri: string) => join(root, uri.slice('s3://'.length))
  const warehouse = await openWarehouse({
    file: join(root, 'db', 'loans.duckdb'),
    temp: join(root, 'temp'),
    memoryLimit: '500MB',
    async locate(uri, access, role) {
      accesses.push(`${role} ${access} ${uri}`)
      if (uri.startsWith('s3://forbidden/')) {
        throw Object.assign(new Error(`${role} may not ${access}`), { name: 'AccessDenied' })
      }
      return path(uri)
    },
  })
  return {
    warehouse,
    root,
    accesses,
    path,
    async put(uri, content) {
      await mkdir(dirname(path(uri)), { recursive: true })
      await writeFile(path(uri), content)
    },
    async close() {
      await warehouse.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}
