/**
 * Functions over time (https://nightlies.apache.org/flink/flink-docs-release-2.2/docs/dev/table/functions/systemfunctions/#temporal-functions;
 * flink-table-common/src/main/java/org/apache/flink/table/utils/DateTimeUtils.java).
 */
import {
  DOUBLE,
  INT,
  isApproximate,
  isNumeric,
  isText,
  isTimestamp,
  STRING,
  TIMESTAMP,
  TIMESTAMP_LTZ,
  typeText,
} from '../types.ts'
import { compilePattern, timestampFormatter, timestampParser } from '../values/date-patterns.ts'
import { MAX_MS, MIN_MS, parseTimestamp } from '../values/timestamp.ts'
import type { ScalarFunction } from './signature.ts'

const UNIT_MS: Record<string, number> = { SECOND: 1000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 }
const noPattern = (name: string, pattern: unknown) =>
  pattern === undefined
    ? `${name} with a pattern that is no literal`
    : `${name} with the pattern '${pattern}' (letters other than yyyy, M, d, H, m, s and up to three S, or text without quotes)`

export const timeFunctions: Record<string, ScalarFunction> = {
  /** NULL for what is no timestamp. */
  TO_TIMESTAMP: {
    arity: [1, 2],
    build(types, [, pattern]) {
      const wrong = types.find((type) => !isText(type) && type.name !== 'NULL')
      if (wrong) return `TO_TIMESTAMP takes text, not ${typeText(wrong)}.`
      if (types.length === 1) return { type: TIMESTAMP, compute: (text) => parseTimestamp(text as string) }
      const parts = typeof pattern === 'string' ? compilePattern(pattern) : undefined
      if (!parts) return { unsupported: noPattern('TO_TIMESTAMP', pattern) }
      const parse = timestampParser(parts)
      return { type: TIMESTAMP, compute: (text) => parse(text as string) }
    },
  },
  /** Seconds (precision 0) or milliseconds (3) since the epoch; NULL outside of the years 0 to 9999. */
  TO_TIMESTAMP_LTZ: {
    arity: [2, 2],
    build([type], [, precision]) {
      if (!isNumeric(type!) && type!.name !== 'NULL') return { unsupported: `TO_TIMESTAMP_LTZ of ${typeText(type!)}` }
      if (precision !== 0 && precision !== 3)
        return 'TO_TIMESTAMP_LTZ takes the precision 0 (seconds) or 3 (milliseconds), as a literal.'
      const isExact = !isApproximate(type!)
      return {
        type: TIMESTAMP_LTZ,
        argumentTypes: [DOUBLE, undefined],
        compute(value) {
          const number = isExact ? Math.trunc(value as number) : (value as number)
          const ms = Math.trunc(precision === 0 ? number * 1000 : number)
          return ms >= MIN_MS && ms <= MAX_MS ? ms : null
        },
      }
    },
  },
  DATE_FORMAT: {
    arity: [2, 2],
    build([type], [, pattern]) {
      if (!isTimestamp(type!)) return { unsupported: `DATE_FORMAT of ${typeText(type!)}` }
      const parts = typeof pattern === 'string' ? compilePattern(pattern) : undefined
      if (!parts) return { unsupported: noPattern('DATE_FORMAT', pattern) }
      const format = timestampFormatter(parts)
      return { type: STRING, compute: (ms) => format(ms as number) }
    },
  },
  /** Whole units from the second argument to the third, towards zero. The parser makes the unit the first one. */
  TIMESTAMPDIFF: {
    arity: [3, 3],
    build([, from, to], [unit]) {
      for (const type of [from!, to!])
        if (!isTimestamp(type)) return `TIMESTAMPDIFF takes timestamps, not ${typeText(type)}.`
      const ms = UNIT_MS[unit as string]!
      return { type: INT, compute: (_unit, a, b) => Math.trunc(((b as number) - (a as number)) / ms) | 0 }
    },
  },
}
