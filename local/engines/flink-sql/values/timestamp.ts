/**
 * Timestamps in milliseconds, in UTC: how Flink reads and writes them
 * (flink-table-common/src/main/java/org/apache/flink/table/utils/DateTimeUtils.java).
 */

const FORM = /^(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{0,9}))?)?$/

/** 0000-01-01 and 9999-12-31 23:59:59.999 (DateTimeUtils.MIN_EPOCH_MILLS, MAX_EPOCH_MILLS). */
export const MIN_MS = -62_167_219_200_000
export const MAX_MS = 253_402_300_799_999

/**
 * DateTimeUtils.parseTimestampData(text): `yyyy-[MM][M]-[dd][d][ HH:mm:ss[.n]]`, neither T nor Z. The parser is java.time's "smart" one:
 * the 30th of February is its last day, 24:00:00 the next day's start
 * (https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/time/format/ResolverStyle.html#SMART). Null where it throws.
 */
export function parseTimestamp(text: string): number | null {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = ''] = FORM.exec(text) ?? []
  if (year === undefined || Number(year) === 0) return null
  return smart([year, month!, day!, hour, minute, second].map(Number), milliseconds(fraction))
}

function milliseconds(fraction: string): number {
  return Number(fraction.slice(0, 3).padEnd(3, '0'))
}

function smart(parts: number[], ms: number): number | null {
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
  if (month < 1 || month > 12 || day < 1 || day > 31 || minute > 59 || second > 59) return null
  const isMidnight = hour === 24 && minute === 0 && second === 0 && ms === 0
  if (hour > 23 && !isMidnight) return null
  const lastDay = new Date(utc(year, month + 1, 0)).getUTCDate()
  return utc(year, month, Math.min(day, lastDay), hour, minute, second, ms)
}

/** Date.UTC takes the years 0 to 99 for 1900 to 1999. */
function utc(year: number, month: number, day: number, hour = 0, minute = 0, second = 0, ms = 0): number {
  const date = new Date(Date.UTC(2000, 0, 1, hour, minute, second, ms))
  date.setUTCFullYear(year, month - 1, day)
  return hour === 24 ? new Date(utc(year, month, day)).getTime() + 86_400_000 : date.getTime()
}

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0')

/** `2026-11-22 06:07:08.500`: CAST(… AS STRING) of a TIMESTAMP(3) writes all three digits. */
export function timestampText(ms: number): string {
  const date = new Date(ms)
  const day = `${pad(date.getUTCFullYear(), 4)}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`
  return `${day} ${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}.${pad(date.getUTCMilliseconds(), 3)}`
}
