import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LAYOUTS } from '../../../data/loans/layouts/index.ts'
import { COLUMNS } from '../../../tasks/batch/archive/measures.ts'

const text = readFileSync(new URL('../../../docs/mapping.md', import.meta.url), 'utf8')

describe('docs/mapping.md', () => {
  it.each(['origination', 'performance'] as const)('tells where every column of %s stands in every layout', (table) => {
    const section = text.split(`## ${table}\n`)[1]!.split('\n## ')[0]!
    const rows = section
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.startsWith('| column') && !line.startsWith('| --'))
      .map((line) => line.split('|').map((cell) => cell.trim()))
    expect(rows.map((row) => row[1])).toEqual(COLUMNS[table].map(({ name }) => name).slice(0, -1))
    for (const [, name, , ...positions] of rows) {
      const told = Object.values(LAYOUTS).map((layout) => layout[table].findIndex((field) => field.name === name) + 1)
      expect([name, ...positions.slice(0, 3).map(Number)]).toEqual([name, ...told])
    }
  })
})
