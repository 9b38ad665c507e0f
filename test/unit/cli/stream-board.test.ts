import { describe, expect, it } from 'vitest'
import { Output } from '../../../cli/output.ts'
import { board, type Sighting } from '../../../cli/stream/board.ts'

const { colors } = new Output({ environment: { NO_COLOR: '1' }, stream: { write: () => true } })

function sighting(at: number, sent: number, delivered: number, errors: number, late: number): Sighting {
  const metrics = {
    sent,
    read: sent,
    delivered,
    errors,
    counts: 0,
    failed: 0,
    dropped: 0,
    objects: 4,
    lagMs: 300,
    throttled: 0,
  }
  return { name: 'Users', status: 'ACTIVE', metrics, reasons: { late, 'bad-age': errors - late }, at }
}

const rowOf = (lines: string[], name: string) =>
  lines
    .find((line) => line.trim().startsWith(name))!
    .trim()
    .split(/\s{2,}/)

describe('the board of the stream', () => {
  it('says where the records are, with the late ones apart from the errors', () => {
    const lines = board([sighting(0, 1000, 900, 60, 20)], colors)
    expect(lines[0]).toMatch(/Users ACTIVE .* lag 0\.3 s .* 4 objects in S3/)
    const numbers = ['in', 'transformed', 'errors', 'late', 'on the way'].map((name) => rowOf(lines, name)[1])
    expect(numbers).toEqual(['1,000', '900', '40', '20', '40'])
    expect(lines.at(-1)).toContain('bad-age 40')
  })

  it('tells rates by the time that has really passed', () => {
    const lines = board([sighting(0, 0, 0, 0, 0), sighting(2000, 3000, 1000, 10, 0)], colors)
    expect(rowOf(lines, 'in').slice(1)).toEqual(['3,000', '1,500/s', '█'])
    expect(rowOf(lines, 'transformed')[2]).toBe('500/s')
  })

  it('draws a bar of one width, in which even one record is seen', () => {
    const bar = (one: Sighting) => board([one], colors).find((line) => line.includes('━'))!
    expect(bar(sighting(0, 100_000, 99_999, 1, 0)).trim()).toHaveLength(bar(sighting(0, 0, 0, 0, 0)).trim().length)
  })
})

describe('Output.board', () => {
  it('draws over all rows that the last one took, also those that the terminal wrapped', () => {
    let written = ''
    const write = (text: string) => {
      written += text
      return true
    }
    const stream = { isTTY: true, columns: 20, write }
    const output = new Output({ stream, environment: {} })
    output.board(['\u001b[1mshort\u001b[22m', 'x'.repeat(45)])
    written = ''
    output.board(['next'])
    expect(written).toBe('\u001b[4A\r\u001b[0Jnext\n')
  })
})
