/** Whole scripts: against rows recorded from Flink 2.2.0, and the users script against an oracle that shares nothing with the engine. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { REASONS } from '../../../data/users/faults.ts'
import { UserGenerator } from '../../../data/users/generator.ts'
import { compileScript } from '../../../local/engines/flink-sql/index.ts'

const text = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const lines = (path: string) => text(path).split('\n').filter(Boolean)
const usersScript = text('../../../sql/flink/users.sql').replace(/\$\{(\w+)\}/g, (_, name) => name)

function append(rows: string[][], parts: string[][]): void {
  for (const [i, part] of parts.entries()) rows[i]!.push(...part)
}

/** Flink adds doubles up by slices of a window and then the slices, which can change the last digit. */
function rounded(rows: string[]): unknown[] {
  return rows.map((row) =>
    JSON.parse(row, (key, value) => (/^double_/.test(key) && value !== null ? Number(value).toPrecision(12) : value)),
  )
}

describe('a script with hopping and tumbling windows', () => {
  const script = text('recorded/windows.sql')
  const records = lines('recorded/windows.txt')

  function run(restartEvery: number): string[][] {
    const program = compileScript(script)
    let job = program.start()
    const rows: string[][] = [[], [], []]
    const collect = () => append(rows, job.drain())
    for (let at = 0; at < records.length; at += restartEvery) {
      job.push(records.slice(at, at + restartEvery))
      collect()
      const snapshot = job.snapshot()
      job = program.start()
      job.restore(snapshot)
    }
    job.finish()
    collect()
    return rows.map((part) => part.sort())
  }

  it.each([400, 7])('gives the rows that Flink gives, with a restart from a checkpoint every %i records', (every) => {
    const rows = run(every)

    const [hops, tumbles, types] = ['hops', 'tumbles', 'types'].map((name) =>
      lines(`recorded/windows.${name}.jsonl`).sort(),
    )
    expect(rows[2]).toEqual(types)
    expect(rows[1]).toEqual(tumbles)
    expect(rounded(rows[0]!)).toEqual(rounded(hops!))
  })
})

describe('users.sql', () => {
  const start = Date.parse('2026-03-01T12:00:00.000Z')
  const now = () => start + 600_000
  const stepMs = 20

  function generate(count: number) {
    const generator = new UserGenerator({ seed: 42, bad: 0.15 })
    return {
      generated: Array.from({ length: count }, (_, i) => generator.next(start + i * stepMs)),
      truth: generator.truth,
    }
  }

  function run(records: string[]) {
    const job = compileScript(usersScript).start(now)
    job.push(records)
    job.finish()
    const [users, errors, counts] = job.drain().map((rows) => rows.map((row) => JSON.parse(row)))
    return { users: users!, errors: errors!, counts: counts! }
  }

  it('sends every record either to the users or to the errors, with the reason that it was broken for', () => {
    const { generated, truth } = generate(10_000)

    const { users, errors } = run(generated.map((one) => one.record))

    expect(users.length + errors.length).toBe(10_000)
    expect(users.length).toBe(truth.good)
    const byReason = Object.fromEntries(
      REASONS.map((reason) => [reason, errors.filter((row) => row.reason === reason).length]),
    )
    expect(byReason).toEqual(truth.errors)
    for (const reason of REASONS) expect(truth.errors[reason]).toBeGreaterThan(20)
  })

  it('keeps the raw record of an error byte for byte', () => {
    const { generated } = generate(2000)

    const { errors } = run(generated.map((one) => one.record))

    expect(errors.map((row) => row.record)).toEqual(generated.filter((one) => one.reason).map((one) => one.record))
  })

  it('reshapes good users as plain JavaScript does', () => {
    const { generated } = generate(2000)

    const { users } = run(generated.map((one) => one.record))

    const expected = generated
      .filter((one) => !one.reason)
      .map(({ record }) => {
        const { results, ts } = JSON.parse(record)
        const { login, name, gender, dob, location, nat } = results[0]
        return {
          id: login.uuid,
          full_name: `${name.first} ${name.last}`,
          gender,
          age: dob.age,
          country: location.country,
          country_code: nat,
          latitude: Number(location.coordinates.latitude),
          longitude: Number(location.coordinates.longitude),
          event_time: Date.parse(ts),
        }
      })
    expect(users.map((user) => ({ ...user, event_time: Date.parse(`${user.event_time}Z`) }))).toEqual(expected)
  })

  it('counts users by country in each ten seconds, once, whatever their order', () => {
    const { generated } = generate(10_000)

    const { counts } = run(generated.map((one) => one.record))

    const expected = new Map<string, number[]>()
    for (const { record, reason } of generated) {
      if (reason) continue
      const { results, ts } = JSON.parse(record)
      const window = Math.floor(Date.parse(ts) / 10_000) * 10_000
      const key = `${new Date(window).toISOString().slice(0, 19)} ${results[0].nat}`
      expected.set(key, [...(expected.get(key) ?? []), results[0].dob.age])
    }
    const found = counts.map((row) => [
      `${row.window_start} ${row.country_code}`,
      row.users,
      row.average_age,
      row.youngest,
      row.oldest,
    ])
    const wanted = [...expected].map(([key, ages]) => {
      const sum = ages.reduce((a, b) => a + b, 0)
      return [key, ages.length, Math.floor(sum / ages.length), Math.min(...ages), Math.max(...ages)]
    })
    expect(found.sort()).toEqual(wanted.sort())
  })

  it('loses and repeats nothing when it goes on from checkpoints', () => {
    const records = generate(3000).generated.map((one) => one.record)
    const whole = run(records)

    const program = compileScript(usersScript)
    let job = program.start(now)
    const rows: string[][] = [[], [], []]
    for (let at = 0; at < records.length; at += 500) {
      job.push(records.slice(at, at + 500))
      append(rows, job.drain())
      const snapshot = job.snapshot()
      // What came behind the checkpoint is lost with the job.
      job.push(records.slice(at + 500, at + 600))
      job = program.start(now)
      job.restore(snapshot)
    }
    job.finish()
    append(rows, job.drain())

    expect(rows.map((part) => part.map((row) => JSON.parse(row)))).toEqual([whole.users, whole.errors, whole.counts])
  })
})
