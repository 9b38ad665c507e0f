import { describe, expect, it } from 'vitest'
import { Ledger } from '../../../cli/stream/ledger.ts'
import { UserGenerator } from '../../../data/users/generator.ts'

/** Records as they were sent, with the reason of the broken ones. */
function sent(records: number) {
  const ledger = new Ledger(new UserGenerator({ seed: 5, bad: 0.3 }))
  const twin = new UserGenerator({ seed: 5, bad: 0.3 })
  const all = Array.from({ length: records }, (_, i) => {
    ledger.next(1_700_000_000_000 + i)
    return twin.next(1_700_000_000_000 + i)
  })
  const good = all.filter(({ reason }) => reason === undefined)
  const bad = all.filter(({ reason }) => reason !== undefined)
  return { ledger, good, bad }
}

describe('a ledger', () => {
  it('is balanced when every record has arrived where it belongs', () => {
    const { ledger, good, bad } = sent(500)
    for (const { partitionKey: id } of good) ledger.user({ id })
    for (const { record, reason } of bad) ledger.error({ reason: reason!, record })
    expect(ledger.account).toEqual({
      sent: 500,
      delivered: good.length,
      errors: bad.length,
      late: bad.filter(({ reason }) => reason === 'late').length,
      missing: 0,
      duplicates: 0,
    })
  })

  it('takes a good record that came too late for an error', () => {
    const { ledger, good } = sent(50)
    ledger.error({ reason: 'late', record: good[0]!.record })
    expect(ledger.account).toMatchObject({ errors: 1, late: 1, delivered: 0, missing: 49 })
  })

  it('sees what is missing and what came twice, in either place', () => {
    const { ledger, good } = sent(50)
    const { partitionKey: id, record } = good[0]!
    ledger.user({ id })
    ledger.user({ id })
    ledger.error({ reason: 'late', record })
    expect(ledger.account).toMatchObject({ delivered: 1, errors: 0, duplicates: 2, missing: 49 })
  })

  it('takes no short text that it has sent before for its own', () => {
    const { ledger, bad } = sent(500)
    const short = bad.find(({ record }) => record.length < 50)!
    const times = bad.filter(({ record }) => record === short.record).length
    for (let i = 0; i < times + 3; i++) ledger.error({ reason: short.reason!, record: short.record })
    expect(ledger.account).toMatchObject({ errors: times, duplicates: 0 })
  })

  it('lets the records of other producers pass', () => {
    const { ledger } = sent(10)
    ledger.user({ id: 'probe-1' })
    ledger.error({ reason: 'malformed-json', record: '{"probe": "x"' })
    expect(ledger.account).toMatchObject({ delivered: 0, errors: 0, duplicates: 0, missing: 10 })
  })
})
