/** A recorded case: what to run, and what AWS answered. The form is described beside the recordings. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface RecordedCase {
  readonly file: string
  readonly tier: string
  readonly suite: string
  readonly name: string
  readonly kind: 'history' | 'output' | 'sync' | 'test_state' | 'api'
  readonly type?: 'STANDARD' | 'EXPRESS'
  readonly definition?: any
  readonly definition_raw?: string
  readonly input?: any
  readonly input_raw?: string
  readonly lambdas?: { name: string; behaviour: string }[]
  readonly lifecycle?: string[]
  readonly params?: any
  readonly calls?: { id: number; op: string; params: any; expect_error?: boolean }[]
  readonly matches?: { key: string; after_call: number; value: any; expected: any }[]
  readonly regex_replacements?: [pattern: string, replacement: string][]
  readonly jsonpath_replacements?: {
    args: string[]
    jsonpath?: string
    replacement?: string
    replace_reference: boolean
  }[]
  readonly parallel_unordered?: boolean
  readonly ignore_paths?: string[]
  readonly expected?: any
  readonly expected_history?: any
  readonly expected_output?: any
  readonly expected_sync?: any
  readonly expected_describe?: any
}

/** All cases below a folder of the form `<tier>/<suite>/<case>.json`, in order of their names. */
export function readCases(folder: string, filter?: string): RecordedCase[] {
  const cases: RecordedCase[] = []
  for (const tier of foldersIn(folder))
    for (const suite of foldersIn(join(folder, tier)))
      for (const file of readdirSync(join(folder, tier, suite)).sort()) {
        if (!file.endsWith('.json')) continue
        const path = `${tier}/${suite}/${file}`
        if (filter !== undefined && !path.includes(filter)) continue
        cases.push({ ...JSON.parse(readFileSync(join(folder, path), 'utf8')), file: path, tier, suite })
      }
  return cases
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}
