/** Probe records: users that no one could mistake for real ones, some of them broken, each with an id that names the execution. */

const GOOD = 5
const BAD = 3

export interface Probe {
  id: string
  text: string
  isGood: boolean
}

/** The same probes for the same execution and time. */
export function makeProbes(run: string, sentAt: number): Probe[] {
  return Array.from({ length: GOOD + BAD }, (_, i) => {
    const id = `probe-${run}-${i}`
    const isGood = i < GOOD
    return { id, isGood, text: isGood ? user(id, sentAt) : `{"probe": "${id}"` }
  })
}

function user(uuid: string, sentAt: number): string {
  return JSON.stringify({
    results: [
      {
        gender: 'female',
        name: { title: 'Ms', first: 'Probe', last: 'Record' },
        location: { country: 'Antarctica', coordinates: { latitude: '-90.0000', longitude: '0.0000' } },
        login: { uuid },
        dob: { age: 42 },
        nat: 'AQ',
      },
    ],
    ts: new Date(sentAt).toISOString(),
  })
}
