/**
 * One user in the shape of the random user API (https://randomuser.me/documentation), as a producer sends it: the API's answer with one
 * result, and the time of sending as `ts`. About 1.2 kB of JSON.
 */
import { nations } from './people.ts'
import type { Random } from './random.ts'

export type User = ReturnType<typeof makeUser>

const YEAR_MS = 31_557_600_000

export function makeUser(random: Random, sentAt: number) {
  const { code, country, cities, first, last } = random.pick(nations)
  const gender = random.chance(0.5) ? 'male' : 'female'
  const name = { title: gender === 'male' ? 'Mr' : 'Ms', first: random.pick(first[gender]), last: random.pick(last) }
  const age = random.whole(18, 79)
  const portrait = `${gender === 'male' ? 'men' : 'women'}/${random.whole(0, 98)}.jpg`
  const handle = `user${random.whole(1000, 9_999_999)}`
  return {
    results: [
      {
        gender,
        name,
        location: {
          street: { number: random.whole(1, 9999), name: `${random.pick(last)} Street` },
          city: random.pick(cities),
          state: random.pick(cities),
          country,
          postcode: random.whole(10_000, 99_999),
          coordinates: { latitude: degrees(random, 90), longitude: degrees(random, 180) },
          timezone: { offset: '+1:00', description: 'Brussels, Copenhagen, Madrid, Paris' },
        },
        email: `${handle}@example.com`,
        login: {
          uuid: uuid(random),
          username: handle,
          password: random.hex(8),
          salt: random.hex(8),
          md5: random.hex(32),
          sha1: random.hex(40),
          sha256: random.hex(64),
        },
        dob: { date: new Date(sentAt - age * YEAR_MS).toISOString(), age },
        registered: { date: new Date(sentAt - random.whole(1, 12) * YEAR_MS).toISOString(), age: random.whole(1, 12) },
        phone: `(${random.whole(200, 999)})-${random.whole(200, 999)}-${random.whole(1000, 9999)}`,
        cell: `(${random.whole(200, 999)})-${random.whole(200, 999)}-${random.whole(1000, 9999)}`,
        id: { name: 'ID', value: `${random.whole(100, 999)}-${random.whole(10, 99)}-${random.whole(1000, 9999)}` },
        picture: {
          large: `https://example.com/portraits/${portrait}`,
          medium: `https://example.com/portraits/med/${portrait}`,
          thumbnail: `https://example.com/portraits/thumb/${portrait}`,
        },
        nat: code,
      },
    ],
    info: { seed: random.hex(16), results: 1, page: 1, version: '1.4' },
    ts: new Date(sentAt).toISOString(),
  }
}

/** As the API writes coordinates: text with four digits behind the point. */
function degrees(random: Random, limit: number): string {
  return ((random.next() * 2 - 1) * limit).toFixed(4)
}

function uuid(random: Random): string {
  return `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-a${random.hex(3)}-${random.hex(12)}`
}
