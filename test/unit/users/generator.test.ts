import { describe, expect, it } from 'vitest'
import { REASONS } from '../../../data/users/faults.ts'
import { UserGenerator } from '../../../data/users/generator.ts'

const start = Date.parse('2026-03-01T00:00:00.000Z')

function generate(count: number, options: { seed: number; bad: number }) {
  const generator = new UserGenerator(options)
  return { all: Array.from({ length: count }, (_, i) => generator.next(start + i * 10)), truth: generator.truth }
}

describe('the generator of users', () => {
  it('gives the same bytes for the same seed, and others for another', () => {
    expect(generate(200, { seed: 1, bad: 0.1 })).toEqual(generate(200, { seed: 1, bad: 0.1 }))
    expect(generate(1, { seed: 1, bad: 0 }).all[0]!.record).not.toBe(generate(1, { seed: 2, bad: 0 }).all[0]!.record)
  })

  it('breaks the share that it was asked for, in every way, and keeps count', () => {
    const { all, truth } = generate(20_000, { seed: 3, bad: 0.1 })
    const bad = all.filter((one) => one.reason)
    expect(bad.length).toBeGreaterThan(1800)
    expect(bad.length).toBeLessThan(2200)
    expect(truth.sent).toBe(20_000)
    expect(truth.good).toBe(20_000 - bad.length)
    for (const reason of REASONS) {
      expect(truth.errors[reason]).toBe(bad.filter((one) => one.reason === reason).length)
      expect(truth.errors[reason]).toBeGreaterThan(100)
    }
  })

  it('makes good records of about 1.2 kB, with unique ids, no older than two seconds', () => {
    const { all } = generate(2000, { seed: 4, bad: 0 })
    const users = all.map((one) => JSON.parse(one.record))
    const bytes = all.reduce((sum, one) => sum + Buffer.byteLength(one.record), 0) / all.length
    expect(bytes).toBeGreaterThan(1000)
    expect(bytes).toBeLessThan(1400)
    expect(new Set(users.map((user) => user.results[0].login.uuid)).size).toBe(2000)
    users.forEach((user, i) => {
      const age = start + i * 10 - Date.parse(user.ts)
      expect(age).toBeGreaterThanOrEqual(0)
      expect(age).toBeLessThanOrEqual(2000)
    })
  })

  it('makes late and future records by minutes, and malformed ones that are no JSON object', () => {
    const { all } = generate(20_000, { seed: 5, bad: 0.2 })
    all.forEach(({ reason, record }, i) => {
      const off = () => Date.parse(JSON.parse(record).ts) - (start + i * 10)
      if (reason === 'late') expect(off()).toBeLessThanOrEqual(-120_000)
      if (reason === 'future-timestamp') expect(off()).toBeGreaterThan(3_000_000)
      if (reason === 'malformed-json') expect(isObject(record)).toBe(false)
      else expect(isObject(record)).toBe(true)
    })
  })
})

function isObject(text: string): boolean {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
