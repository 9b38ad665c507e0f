import { describe, expect, it } from 'vitest'
import { count, resultText, seconds, table } from '../../../cli/format.ts'
import { readLine } from '../../../cli/logs/function-log.ts'
import { stepOf } from '../../../cli/logs/step-log.ts'
import { Output, type OutputOptions } from '../../../cli/output.ts'
import { unwrap } from '../../../cli/timeline.ts'
import { workflowName } from '../../../cli/workflows.ts'

function recorded(options: OutputOptions & { isTTY?: boolean; columns?: number }) {
  let text = ''
  const { isTTY = false, columns = 40, ...rest } = options
  const add = (part: string) => {
    text += part
    return true
  }
  const stream = { isTTY, columns, write: add }
  return { output: new Output({ environment: {}, ...rest, stream: stream as never }), text: () => text }
}

describe('Output', () => {
  it('keeps a live line below what is printed, on a terminal only', () => {
    const terminal = recorded({ isTTY: true })
    terminal.output.live('working')
    terminal.output.line('done one')
    terminal.output.live('')
    expect(terminal.text()).toBe('working\r\x1b[2Kdone one\nworking\r\x1b[2K')
    for (const options of [
      { isTTY: false },
      { isTTY: true, environment: { CI: 'true' } },
      { isTTY: true, environment: { TERM: 'dumb' } },
    ]) {
      const plain = recorded(options)
      plain.output.live('working')
      plain.output.line('done one')
      expect(plain.text()).toBe('done one\n')
    }
  })

  it('cuts a live line that would wrap', () => {
    const { output, text } = recorded({ isTTY: true, columns: 20 })
    output.live('x'.repeat(50))
    expect(text()).toBe(`${'x'.repeat(18)}…`)
  })

  it('colours on a terminal, unless NO_COLOR is set', () => {
    expect(recorded({ isTTY: true }).output.colors.red('x')).toContain('\x1b[')
    expect(recorded({ isTTY: true, environment: { NO_COLOR: '1' } }).output.colors.red('x')).toBe('x')
    expect(recorded({ isTTY: false }).output.colors.red('x')).toBe('x')
    expect(recorded({ environment: { FORCE_COLOR: '1' } }).output.colors.red('x')).toContain('\x1b[')
  })

  it('prints objects with --json, and nothing else', () => {
    const { output, text } = recorded({ json: true, isTTY: true })
    output.line('for people')
    output.live('live')
    output.object({ type: 'state', state: 'Report' })
    expect(text()).toBe('{"type":"state","state":"Report"}\n')
  })
})

describe('texts', () => {
  it('unwraps causes out of the JSON of Lambda, however deep', () => {
    const inner = JSON.stringify({ errorType: 'X', errorMessage: 'the reason', trace: [] })
    expect(unwrap(inner)).toBe('the reason')
    expect(unwrap(JSON.stringify({ errorMessage: inner }))).toBe('the reason')
    expect(unwrap('plain')).toBe('plain')
    expect(unwrap('{"other": 1}')).toBe('{"other": 1}')
  })

  it('say durations, numbers and results', () => {
    expect([seconds(40), seconds(9_949), seconds(9_951), seconds(59_400), seconds(125_000)]).toEqual([
      '0.0 s',
      '9.9 s',
      '10 s',
      '59 s',
      '2 min 5 s',
    ])
    expect(count(1_234_567)).toBe('1,234,567')
    expect(resultText({ quarter: '1999Q1', records: 5250, files: [1, 2], nested: {} })).toBe(
      'quarter 1999Q1, records 5,250, files 2',
    )
    expect(resultText({ counts: { '1999Q1': 10_436 } })).toBe('1999Q1 10,436')
    expect([resultText(null), resultText('x'), resultText([1])]).toEqual(['', '', ''])
    expect(
      table([
        ['a', 'bb', 'c'],
        ['aaa', 'b', 'cc'],
      ]),
    ).toEqual(['a    bb  c', 'aaa  b   cc'])
  })

  it('name workflows by their state machines', () => {
    expect(['Stepwell-Batch', 'Stepwell-StreamTeardown', 'Batch'].map(workflowName)).toEqual([
      'batch',
      'stream-teardown',
      'batch',
    ])
  })

  it('read lines of Powertools, and others as they are', () => {
    const time = new Date(0)
    const line = JSON.stringify({
      level: 'INFO',
      message: 'Uploaded a file',
      service: 'CollectQuarter',
      function_name: 'f',
      key: 'k',
    })
    expect(readLine(time, line)).toEqual({ time, level: 'INFO', message: 'Uploaded a file', details: { key: 'k' } })
    expect(readLine(time, 'START RequestId: 1')).toEqual({
      time,
      level: '',
      message: 'START RequestId: 1',
      details: {},
    })
  })

  it('find the Hive step in a result or in a cause', () => {
    expect(stepOf({ result: { stepId: 's-1', clusterId: 'j-1' } })).toEqual({ stepId: 's-1', clusterId: 'j-1' })
    const cause = 'The step x#CreateTables (s-0ABCDEFGHIJKL) on cluster j-0ABCDEFGHIJKL failed.'
    expect(stepOf({ cause })).toEqual({ stepId: 's-0ABCDEFGHIJKL', clusterId: 'j-0ABCDEFGHIJKL' })
    expect(stepOf({ cause: 'no step here' })).toBeUndefined()
  })
})
