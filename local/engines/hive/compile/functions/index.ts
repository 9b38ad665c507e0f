/** Every function that scripts may call, by Hive's name. */
import { AGGREGATES, WINDOWS } from './aggregates.ts'
import { COLLECTIONS } from './collections.ts'
import { DATES } from './dates.ts'
import type { Functions } from './definition.ts'
import { NUMBERS } from './numbers.ts'
import { TEXT } from './text.ts'

export const FUNCTIONS: Functions = { ...TEXT, ...NUMBERS, ...DATES, ...COLLECTIONS }

export { AGGREGATES, WINDOWS }

/** Functions that make rows: in LATERAL VIEW, or alone in a select list. */
export const ROW_FUNCTIONS = new Set(['explode', 'posexplode', 'inline', 'stack', 'json_tuple'])

/** All names, for messages and for the documentation. */
export const FUNCTION_NAMES = [
  ...new Set([...Object.keys(FUNCTIONS), ...Object.keys(AGGREGATES), ...Object.keys(WINDOWS), ...ROW_FUNCTIONS]),
].sort()
