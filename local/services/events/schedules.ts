/** Rules with a schedule: an event of their own at each time, for their own targets only. */
import { randomUUID } from 'node:crypto'
import { parseSchedule } from '../../engines/schedule/expression.ts'
import { runOn, type Timer } from '../../engines/schedule/timer.ts'
import type { Delivery } from './delivery.ts'
import { inSeconds } from './put-events.ts'
import type { Rule, Store } from './store.ts'

export function createSchedules(store: Store, delivery: Delivery) {
  const { cloud } = store
  const timers = new Map<string, { key: string; timer: Timer }>()
  let started = false

  function update(name: string, rule: Rule | undefined) {
    const key = rule?.state === 'ENABLED' && rule.schedule !== undefined ? `${rule.schedule} ${rule.since}` : undefined
    const running = timers.get(name)
    if (running?.key === key) return
    running?.timer.stop()
    timers.delete(name)
    if (key === undefined || !started) return
    const schedule = parseSchedule(rule!.schedule!, { anchor: new Date(rule!.since) })
    const failed = (error: Error) => cloud.log('error', `EventBridge rule ${name} failed: ${error.message}`)
    timers.set(name, { key, timer: runOn(schedule, (due) => fire(name, due), failed) })
  }

  function fire(name: string, due: Date) {
    const rule = store.rules.get(name)
    if (!rule) return
    delivery.send(rule, {
      version: '0',
      id: randomUUID(),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: cloud.account,
      time: inSeconds(due),
      region: cloud.region,
      resources: [rule.arn],
      detail: {},
    })
  }

  store.onChange(update)
  return {
    start() {
      started = true
      for (const [name, rule] of store.rules.entries()) update(name, rule)
    },
    close() {
      started = false
      for (const { timer } of timers.values()) timer.stop()
      timers.clear()
    },
  }
}
