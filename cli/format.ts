/** Numbers and times as people read them. */

/** `1.2 s`, `41 s`, `2 min 5 s` */
export function seconds(milliseconds: number): string {
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const whole = Math.round(milliseconds / 1000)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** `1,234,567` */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** `1 row`, `2 rows` */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** The numbers and short texts at the top of a task's result, as `records 5,250, quarter 1999Q1`. */
export function resultText(result: unknown): string {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return ''
  const parts: string[] = []
  for (const [name, value] of Object.entries(result)) {
    if (typeof value === 'number') parts.push(`${words(name)} ${count(value)}`)
    else if (typeof value === 'string' && value.length <= 24) parts.push(`${words(name)} ${value}`)
    else if (Array.isArray(value)) parts.push(`${words(name)} ${count(value.length)}`)
    else if (isNumbers(value)) parts.push(...Object.entries(value).map(([key, number]) => `${key} ${count(number)}`))
  }
  return parts.join(', ')
}

function isNumbers(value: unknown): value is Record<string, number> {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((member) => typeof member === 'number')
  )
}

/** `clusterId` → `cluster id` */
export function words(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
}

/** Columns of texts, padded to their widest; the last column is not. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}
