/** flink/main.py against a stand-in for pyflink that writes down what it is asked. Skipped where there is no Python. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compileScript } from '../../../local/engines/flink-sql/index.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const hasPython = spawnSync('python3', ['--version']).status === 0
const variables = {
  STREAM_ARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/users',
  REGION: 'us-east-1',
  USERS_DELIVERY_STREAM: 'u',
  ERRORS_DELIVERY_STREAM: "e's",
  COUNTS_DELIVERY_STREAM: 'c',
}

const standIn = `
import json
class EnvironmentSettings:
    @staticmethod
    def in_streaming_mode(): return None
class TableEnvironment:
    @staticmethod
    def create(_settings): return TableEnvironment()
    def get_config(self): return self
    def set(self, key, value): print(json.dumps(["set", key, value]))
    def execute_sql(self, sql): print(json.dumps(["sql", sql]))
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flink-'))
  mkdirSync(join(folder, 'pyflink'))
  writeFileSync(join(folder, 'pyflink', '__init__.py'), '')
  writeFileSync(join(folder, 'pyflink', 'table.py'), standIn)
  copyFileSync(here('../../../flink/main.py'), join(folder, 'main.py'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function run(script: string, vars: Record<string, string> = variables) {
  writeFileSync(join(folder, 'job.sql'), script)
  const properties = join(folder, 'properties.json')
  writeFileSync(properties, JSON.stringify([{ PropertyGroupId: 'sql.vars', PropertyMap: vars }]))
  const program = [
    'import sys, main',
    `main.property_groups.__defaults__ = (${JSON.stringify(properties)},)`,
    'try: main.main()',
    'except main.ScriptError as error: sys.exit(str(error))',
  ].join('\n')
  const { stdout, stderr, status } = spawnSync('python3', ['-c', program], { cwd: folder, encoding: 'utf8' })
  return {
    status,
    stderr,
    calls: stdout
      .split('\n')
      .filter(Boolean)
      .map((line): string[] => JSON.parse(line)),
  }
}

describe.runIf(hasPython)('main.py', () => {
  it('sets the settings, defines tables and views, and submits one job: the statements that the local engine sees', () => {
    const script = readFileSync(here('../../../sql/flink/users.sql'), 'utf8')

    const { status, calls, stderr } = run(script)

    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(calls.filter(([kind]) => kind === 'set')).toEqual([
      ['set', 'table.local-time-zone', 'UTC'],
      ['set', 'pipeline.auto-watermark-interval', '0 ms'],
    ])
    const sql = calls.filter(([kind]) => kind === 'sql').map(([, text]) => text!)
    expect(sql.map((text) => text.split(/\s+/).slice(0, 2).join(' '))).toEqual([
      ...Array.from({ length: 4 }, () => 'CREATE TABLE'),
      ...Array.from({ length: 3 }, () => 'CREATE TEMPORARY'),
      'EXECUTE STATEMENT',
    ])
    expect(sql.join('\n')).toContain("'delivery-stream' = 'e''s'")
    expect(compileScript(sql.join(';\n')).sinks).toHaveLength(3)
  })

  it('refuses two jobs, none, and a variable without a value', () => {
    expect(run('INSERT INTO a SELECT 1; INSERT INTO b SELECT 2;').stderr).toMatch(/has 2 jobs/)
    expect(run("SET 'a' = 'b;c'; -- x; y\n").stderr).toMatch(/has 0 jobs/)
    expect(run("CREATE TABLE a WITH ('x' = '${NAME}')").stderr).toMatch(/\$\{NAME\}/)
  })
})
