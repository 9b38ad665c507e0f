/** The layout of 2015 to July 2018, which the article of 2020 read: 26 and 23 columns, blanks for what is missing. */
import { CODES, DELINQUENCY, LOAN_SERVICER, ORIGINATION, P, PERFORMANCE } from '../columns.ts'
import {
  type Differences,
  earlierIdentifier,
  fields,
  identifier,
  OLD_IDENTIFIER,
  ORIGINATION_NAMES,
  PERFORMANCE_NAMES,
} from './fields.ts'
import { type Layout, write } from './layout.ts'
import { LEGACY_ORIGINATION, LEGACY_PERFORMANCE } from './legacy32.ts'

const originationNames = ORIGINATION_NAMES.slice(0, 25)
originationNames.splice(24, 0, 'servicer_name')
const performanceNames = PERFORMANCE_NAMES.slice(0, 23).map((name) =>
  name === 'defect_settlement_date' ? 'repurchase_flag' : name,
)

const BLANK: Differences = { missing: '' }
const SPACES: Differences = { missing: '   ' }

export const release2018: Layout = {
  name: 'release2018',
  origination: fields(ORIGINATION, OLD_IDENTIFIER, originationNames, {
    ...LEGACY_ORIGINATION,
    classic_fico: SPACES,
    first_time_homebuyer_ind: BLANK,
    mi_pct: { ...LEGACY_ORIGINATION.mi_pct, ...SPACES },
    number_of_units: BLANK,
    occupancy_status: { ...BLANK, write: write.texts(['O', 'I', 'S']) },
    original_cltv: SPACES,
    original_dti: SPACES,
    original_ltv: SPACES,
    channel: BLANK,
    property_type: BLANK,
    loan_purpose: BLANK,
    number_of_borrowers: { ...BLANK, write: write.digits(2) },
  }),
  performance: fields(PERFORMANCE, OLD_IDENTIFIER, performanceNames, {
    ...LEGACY_PERFORMANCE,
    delinquency_status: {
      write: write.texts([...DELINQUENCY.slice(0, -1).map((status) => String(Number(status))), 'R']),
    },
    // The flag stands only in the row in which the loan leaves: Y for a repurchase, N for any other end.
    repurchase_flag: {
      position: P.zero_balance_code,
      rule: 'code',
      write: (lines, code) => lines.byte(code === CODES.zeroBalance['96'] ? 0x59 : 0x4e),
    },
    zero_balance_code: { write: write.texts(['01', '02', '03', '09', '15', '16', '06']) },
  }),
  archiveName: ({ quarter, year }) => `historical_data1_Q${quarter}${year}.zip`,
  originationFile: ({ quarter, year }) => `historical_data1_Q${quarter}${year}.txt`,
  performanceFile: ({ quarter, year }) => `historical_data1_time_Q${quarter}${year}.txt`,
  identifier: (quarter, index) => identifier(OLD_IDENTIFIER, quarter, index),
  earlierIdentifier: (value) => earlierIdentifier(OLD_IDENTIFIER, value),
  identifiers: 999_999,
  fromLoan: { servicer_name: LOAN_SERVICER },
  untold: ['defect_settlement_date'],
}
