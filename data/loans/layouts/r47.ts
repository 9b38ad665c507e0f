/** Release 47 (from July 2026): 31 origination and 35 performance columns, recoveries negative, expenses and losses positive. */
import { ORIGINATION, PERFORMANCE } from '../columns.ts'
import {
  earlierIdentifier,
  fields,
  identifier,
  NEW_IDENTIFIER,
  ORIGINATION_NAMES,
  PERFORMANCE_NAMES,
} from './fields.ts'
import type { Layout } from './layout.ts'

export const r47: Layout = {
  name: 'r47',
  origination: fields(ORIGINATION, NEW_IDENTIFIER, ORIGINATION_NAMES, { property_valuation_method: { missing: '7' } }),
  performance: fields(PERFORMANCE, NEW_IDENTIFIER, PERFORMANCE_NAMES, {}),
  archiveName: ({ name }) => `historical_data_${name}.zip`,
  originationFile: ({ name }) => `orig_${name}.txt`,
  performanceFile: ({ name }) => `perf_${name}.txt`,
  identifier: (quarter, index) => identifier(NEW_IDENTIFIER, quarter, index),
  earlierIdentifier: (value) => earlierIdentifier(NEW_IDENTIFIER, value),
  identifiers: 9_999_999,
  fromLoan: {},
  untold: [],
}
