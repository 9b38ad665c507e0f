/** How the report writes numbers, durations and foreign text. */

export const number = (value: number) => value.toLocaleString('en-US')

/** `$1,234`, `$12.3 M`, `$4.56 bn`; a minus stands before the sign. */
export function dollars(value: number): string {
  const amount = Math.abs(value)
  const sign = value < 0 ? '−' : ''
  if (amount >= 1e9) return `${sign}$${(amount / 1e9).toFixed(2)} bn`
  return amount >= 1e6 ? `${sign}$${(amount / 1e6).toFixed(1)} M` : `${sign}$${number(Math.round(amount))}`
}

/** `0.4 s`, `3 min 20 s`, `2 h 5 min` */
export function seconds(value: number): string {
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`
  const whole = Math.round(value)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
