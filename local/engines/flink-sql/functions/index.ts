/** All scalar functions by name. */
import { numberFunctions } from './numbers.ts'
import type { ScalarFunction } from './signature.ts'
import { textFunctions } from './text.ts'
import { timeFunctions } from './time.ts'

export const scalarFunctions: Record<string, ScalarFunction> = {
  ...textFunctions,
  ...numberFunctions,
  ...timeFunctions,
}

/** Those that the compiler makes itself: their NULLs, their types or their clock are special. */
export const compiledFunctions = [
  'COALESCE',
  'IFNULL',
  'NULLIF',
  'IF',
  'GREATEST',
  'LEAST',
  'MOD',
  'CURRENT_TIMESTAMP',
  'NOW',
  'LOCALTIMESTAMP',
  'PROCTIME',
  'CURRENT_WATERMARK',
] as const

export const functionNames: readonly string[] = [
  ...Object.keys(scalarFunctions),
  ...compiledFunctions,
  'JSON_VALUE',
  'JSON_EXISTS',
]
