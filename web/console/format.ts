/** How the console writes times, sizes and JSON. */

/** Epoch seconds as the browser's local time of day, with the date where it is not today. */
export function clock(seconds: number | undefined): string {
  if (seconds === undefined) return ''
  const date = new Date(seconds * 1000)
  const time = date.toLocaleTimeString(undefined, { hour12: false })
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString()} ${time}`
}

export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}

export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** Indented JSON, also of JSON texts inside of it (Lambda's causes); other text as it is. */
export function pretty(text: string | undefined): string {
  if (!text) return ''
  try {
    const value = JSON.parse(text, (_, inner) => {
      if (typeof inner !== 'string' || !/^\s*[[{]/.test(inner)) return inner
      try {
        return JSON.parse(inner)
      } catch {
        return inner
      }
    })
    return JSON.stringify(value, null, 2)
  } catch {
    return text
  }
}
