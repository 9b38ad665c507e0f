/**
 * What expressions mean, by Hive 3.1: [expression, what the CLI prints]. Where a result surprises, the rule is beside it. Apache Hive 3.1.3 says
 * the same: `npm run verify:hive-expressions`.
 */
import type { Cases } from './case.ts'
import { CASTS } from './casts.ts'
import { OPERATORS } from './operators.ts'
import { TEXT } from './text.ts'
import { VALUES } from './values.ts'

export const TABLE: Cases = { ...CASTS, ...OPERATORS, ...TEXT, ...VALUES }
