import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FileJournals, type JournalRecord } from '../../../local/engines/states/journal.ts'
import type { Json } from '../../../local/engines/states/json.ts'
import type { TaskCall } from '../../../local/engines/states/ports.ts'
import { bench, eventsOf, infoOf, invoke, programOf, shape, taskFailure } from './support.ts'

/** A machine with everything that a restart has to find its way in. */
const machine = {
  QueryLanguage: 'JSONata',
  StartAt: 'Set',
  States: {
    Set: { Type: 'Pass', Assign: { base: 10 }, Next: 'Flaky' },
    Flaky: { Type: 'Task', Resource: invoke, Retry: [{ ErrorEquals: ['Busy'], MaxAttempts: 3 }], Next: 'Each' },
    Each: {
      Type: 'Map',
      Items: [1, 2, 3, 4],
      MaxConcurrency: 2,
      ItemProcessor: {
        StartAt: 'Double',
        States: {
          Double: { Type: 'Task', Resource: invoke, Arguments: '{% $states.input * 2 %}', Next: 'Pause' },
          Pause: { Type: 'Wait', Seconds: 5, Next: 'Add' },
          Add: { Type: 'Pass', Output: '{% $states.input + $base %}', End: true },
        },
      },
      Next: 'Both',
    },
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Left', States: { Left: { Type: 'Task', Resource: invoke, Arguments: 'left', End: true } } },
        {
          StartAt: 'Right',
          States: {
            Right: { Type: 'Task', Resource: invoke, Arguments: 'right', Next: 'More' },
            More: { Type: 'Pass', End: true },
          },
        },
      ],
      Output: { items: '{% $states.input %}', both: '{% $states.result %}' },
      End: true,
    },
  },
}

/** Fails the first two calls of Flaky, whatever the process. */
function worker(flaky: { calls: number }) {
  return (call: TaskCall): Json => {
    if (call.state === 'Flaky' && ++flaky.calls < 3) throw taskFailure('Busy')
    return call.arguments
  }
}

const expected = { items: [12, 14, 16, 18], both: ['left', 'right'] }

async function resumeFrom(records: readonly JournalRecord[], flaky: number) {
  const second = bench(worker({ calls: flaky }))
  const info = infoOf('run')
  const journal = second.journals.open(info.arn)
  for (const record of records) journal.append(record)
  const result = await second.engine.resume(info, programOf(machine)).ended
  return { result, calls: second.calls, records: second.journals.read(info.arn) }
}

describe('An execution whose process died', () => {
  it('ends with the same output from wherever its journal stops, and repeats no recorded result', async () => {
    // Prepare: a whole run
    const first = bench(worker({ calls: 0 }))
    await first.start(machine, {}, 'run').ended
    const whole = [...first.journals.read(infoOf('run').arn)]

    for (let cut = 1; cut < whole.length; cut++) {
      // Act
      const kept = whole.slice(0, cut)
      const done = kept.filter((record) => record[3] === 'TaskSucceeded').length
      const failed = kept.filter((record) => record[3] === 'TaskFailed').length
      const { result, calls, records } = await resumeFrom(kept, failed)

      // Assess
      expect(result.status, `cut at ${cut}: ${result.error} ${result.cause}`).toBe('SUCCEEDED')
      expect(JSON.parse(result.output!), `cut at ${cut}`).toEqual(expected)
      expect(calls.length, `cut at ${cut}`).toBe(9 - done - failed)
      const ids = eventsOf(records).map((event) => event.id)
      expect(ids, `cut at ${cut}`).toEqual(ids.map((_, index) => index + 1))
    }
  })

  it('does not wait again for a wait that was over', async () => {
    const first = bench()
    const waiting = { QueryLanguage: 'JSONata', StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 100, End: true } } }
    const execution = first.start(waiting, {}, 'run')
    await new Promise((resume) => setTimeout(resume, 5))
    first.engine.suspend()
    void execution
    const second = bench()
    const journal = second.journals.open(infoOf('run').arn)
    for (const record of first.journals.read(infoOf('run').arn)) journal.append(record)
    const result = await second.engine.resume(infoOf('run'), programOf(waiting)).ended
    expect(result.stopTime - infoOf('run').startTime).toBe(100_000)
  })

  it('finds an end that was written before the process died', async () => {
    const first = bench(worker({ calls: 0 }))
    await first.start(machine, {}, 'run').ended
    const { result, calls } = await resumeFrom(first.journals.read(infoOf('run').arn), 3)
    expect(result.status).toBe('SUCCEEDED')
    expect(calls).toEqual([])
  })
})

describe('A journal file', () => {
  it('gives the history that was written, and leaves out half a line at its end', async () => {
    // Prepare
    const folder = mkdtempSync(join(tmpdir(), 'stepwell-journal-'))
    const journals = new FileJournals(folder)
    const written: JournalRecord[] = []
    const { engine } = bench(worker({ calls: 0 }), { journals })

    // Act
    await engine.start(infoOf('run'), programOf(machine), { onEvent: (record) => written.push(record) }).ended
    const whole = journals.read(infoOf('run').arn)
    appendFileSync(journals.file(infoOf('run').arn), '[99,98,17')
    const cut = journals.read(infoOf('run').arn)
    journals.open(infoOf('run').arn).close()

    // Assess
    expect(whole).toEqual(written)
    expect(cut).toEqual(written)
    expect(readFileSync(journals.file(infoOf('run').arn), 'utf8').endsWith('\n')).toBe(true)
    const { first, end } = journals.ends(infoOf('run').arn)
    expect([first?.[3], end?.[3]]).toEqual(['ExecutionStarted', 'ExecutionSucceeded'])
    rmSync(folder, { recursive: true })
  })
})

describe('Redrive', () => {
  it('goes on at the state that failed, with the finished iterations', async () => {
    // Prepare
    let broken = true
    const { engine, journals, calls, start } = bench((call) => {
      if (broken && call.arguments === 3) throw taskFailure('Broken')
      return call.arguments
    })
    const definition = {
      QueryLanguage: 'JSONata',
      StartAt: 'First',
      States: {
        First: { Type: 'Task', Resource: invoke, Arguments: 0, Next: 'Each' },
        Each: {
          Type: 'Map',
          Items: [1, 2, 3],
          MaxConcurrency: 1,
          ItemProcessor: {
            StartAt: 'T',
            States: { T: { Type: 'Task', Resource: invoke, Arguments: '{% $states.input %}', End: true } },
          },
          End: true,
        },
      },
    }
    const failed = await start(definition, {}, 'run').ended

    // Act
    broken = false
    const redriven = engine.redrive(infoOf('run'), programOf(definition))
    const result = await redriven.ended

    // Assess
    expect(failed.status).toBe('FAILED')
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: '[1,2,3]' })
    expect(redriven.redriveCount).toBe(1)
    expect(calls.map((call) => call.arguments)).toEqual([0, 1, 2, 3, 3])
    const types = shape(eventsOf(journals.read(infoOf('run').arn))).map((line) => line.split(' ')[1])
    expect(types.filter((type) => type === 'MapIterationStarted')).toHaveLength(3)
    expect(types).toContain('ExecutionRedriven')
  })

  it('of an execution that ended in Fail fails again', async () => {
    const { engine, start } = bench()
    const definition = { StartAt: 'F', States: { F: { Type: 'Fail', Error: 'No' } } }
    await start(definition, {}, 'run').ended
    const result = await engine.redrive(infoOf('run'), programOf(definition)).ended
    expect(result).toMatchObject({ status: 'FAILED', error: 'No' })
  })
})
