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
  const seconds = (hour * 60 + minute) * 60 + second
  return dayNumber(year, month, Math.min(day, lastDay(year, month))) * MS_OF_DAY + seconds * 1000 + ms
}

const MS_OF_DAY = 86_400_000
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function lastDay(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && isLeap ? 29 : MONTH_DAYS[month - 1]!
}

/**
 * Days since 1970-01-01, in whole numbers: a Date costs ten times as much (java.time.LocalDate.toEpochDay; years begin in March here, so that
 * the leap day is the last one).
 */
function dayNumber(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const century = Math.floor(y / 100)
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return 365 * y + Math.floor(y / 4) - century + Math.floor(century / 4) + dayOfYear - DAYS_TO_1970
}

const DAYS_TO_1970 = 719_468

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0')

/** `2026-11-22 06:07:08.500`: CAST(… AS STRING) of a TIMESTAMP(3) writes all three digits. */
export function timestampText(ms: number): string {
  const date = new Date(ms)
  if (ms >= MIN_MS && ms <= MAX_MS) {
    const iso = date.toISOString()
    return `${iso.slice(0, 10)} ${iso.slice(11, 23)}`
  }
  const day = `${pad(date.getUTCFullYear(), 4)}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`
  return `${day} ${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}.${pad(date.getUTCMilliseconds(), 3)}`
}
