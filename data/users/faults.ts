/** What goes wrong with records, by the reason that sql/flink/users.sql gives. */
import type { Random } from './random.ts'
import type { User } from './user.ts'

export const REASONS = [
  'malformed-json',
  'missing-id',
  'missing-name',
  'missing-country',
  'bad-age',
  'bad-coordinates',
  'bad-timestamp',
  'future-timestamp',
  'late',
] as const

export type Reason = (typeof REASONS)[number]

/** A late record is this much older than the newest one before it: more than any disorder that a stream brings by itself. */
const LATE_MS = [120_000, 600_000] as const
const FUTURE_MS = [3_600_000, 86_400_000] as const

/** Breaks a user in one of the ways that have this reason. Gives the text to send. */
export function breakUser(user: User, reason: Reason, random: Random): string {
  const result = user.results[0]! as any
  switch (reason) {
    case 'malformed-json':
      return malformed(JSON.stringify(user), random)
    case 'missing-id':
      if (random.chance(0.3)) (user as any).results = []
      else if (random.chance(0.5)) delete result.login.uuid
      else result.login = null
      break
    case 'missing-name':
      if (random.chance(0.5)) delete result.name
      else result.name.last = null
      break
    case 'missing-country':
      if (random.chance(0.5)) delete result.location.country
      else delete result.nat
      break
    case 'bad-age':
      result.dob.age = random.pick(['n/a', -3, 151, null, '4e1', 99_999_999_999, [42], ''])
      break
    case 'bad-coordinates':
      if (random.chance(0.5))
        result.location.coordinates.latitude = random.pick(['north', '90.0001', null, 'NaN', 'Infinity'])
      else result.location.coordinates.longitude = random.pick(['', '-180.5', { degrees: 5 }, '1,5'])
      break
    case 'bad-timestamp':
      ;(user as any).ts = random.pick([
        undefined,
        null,
        'yesterday',
        '2026-13-01T00:00:00.000Z',
        Date.parse(user.ts),
        '22/11/2026',
      ])
      break
    case 'future-timestamp':
      user.ts = shifted(user.ts, random.whole(...FUTURE_MS))
      break
    case 'late':
      user.ts = shifted(user.ts, -random.whole(...LATE_MS))
      break
  }
  return JSON.stringify(user)
}

function shifted(ts: string, ms: number): string {
  return new Date(Date.parse(ts) + ms).toISOString()
}

/** No JSON object, in ways that producers bring about: cut off, not quoted, another type, other text, nothing. */
function malformed(text: string, random: Random): string {
  switch (random.whole(0, 5)) {
    case 0:
      return text.slice(0, random.whole(1, text.length - 1))
    case 1:
      return text.replace('"results":', 'results:')
    case 2:
      return `[${text}]`
    case 3:
      return `<html><body>503 Service Unavailable</body></html>`
    case 4:
      return text.replace('{', "{'")
    default:
      return random.pick([' ', 'null', '"user"', '\u0000'])
  }
}
