/** The layout from 2020 to Release 46: 32 and 32 columns, recoveries positive, expenses and losses negative. */
import { DELINQUENCY, LOAN_MI_CANCELLATION, LOAN_SERVICER, ORIGINATION, PERFORMANCE } from '../columns.ts'
import { POSTAL_CODES } from '../places.ts'
import {
  type Differences,
  earlierIdentifier,
  fields,
  identifier,
  OLD_IDENTIFIER,
  ORIGINATION_NAMES,
  PERFORMANCE_NAMES,
  proceeds,
} from './fields.ts'
import { type Layout, write } from './layout.ts'

const names = ORIGINATION_NAMES.filter((name) => name !== 'vantagescore_4')
names.splice(names.indexOf('super_conforming_flag'), 0, 'servicer_name')
names.push('mi_cancellation_ind')

/** `Y` or blank, where Release 47 says Y or N. */
const YES_OR_BLANK: Differences = { write: write.texts(['Y', '']) }

/** What origination writes otherwise than Release 47, also before 2020. */
export const LEGACY_ORIGINATION: Record<string, Differences> = {
  original_upb: { write: write.shortMoney },
  mi_pct: { write: write.digits(3) },
  postal_code: { write: write.texts(POSTAL_CODES.map((code) => `${code}00`)) },
  super_conforming_flag: YES_OR_BLANK,
  harp_ind: YES_OR_BLANK,
}

/** What performance writes otherwise than Release 47, also before 2020. */
export const LEGACY_PERFORMANCE: Record<string, Differences> = {
  ...Object.fromEntries(
    PERFORMANCE.filter(({ kind }) => kind === 'money').map(({ name }) => [name, { write: write.shortMoney }]),
  ),
  ...Object.fromEntries(
    [
      'mi_recoveries',
      'non_mi_recoveries',
      'total_expenses',
      'legal_costs',
      'maintenance_preservation_costs',
      'taxes_and_insurance',
      'miscellaneous_expenses',
      'actual_loss',
    ].map((name) => [name, { write: write.oppositeMoney }]),
  ),
  net_sales_proceeds: { write: proceeds(write.oppositeMoney) },
  delinquency_status: { write: write.texts(DELINQUENCY.map((status) => status.replace(/^0(?=\d)/, ''))) },
  payment_deferral_flag: { write: write.texts(['Y', 'P']) },
}

export const legacy32: Layout = {
  name: 'legacy32',
  origination: fields(ORIGINATION, OLD_IDENTIFIER, names, LEGACY_ORIGINATION),
  performance: fields(PERFORMANCE, OLD_IDENTIFIER, PERFORMANCE_NAMES.slice(0, 32), LEGACY_PERFORMANCE),
  archiveName: ({ name }) => `historical_data_${name}.zip`,
  originationFile: ({ name }) => `historical_data_${name}.txt`,
  performanceFile: ({ name }) => `historical_data_time_${name}.txt`,
  identifier: (quarter, index) => identifier(OLD_IDENTIFIER, quarter, index),
  earlierIdentifier: (value) => earlierIdentifier(OLD_IDENTIFIER, value),
  identifiers: 999_999,
  fromLoan: { servicer_name: LOAN_SERVICER, mi_cancellation_ind: LOAN_MI_CANCELLATION },
  untold: [],
}
