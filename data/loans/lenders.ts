/** Sellers and servicers by era. Names are examples: which of them sold which loan is made up. */

interface Era {
  from: number
  sellers: [name: string, weight: number][]
}

/** What stands for every lender with less than one percent of a quarter. */
export const OTHER_SELLERS = 'OTHER SELLERS'
export const OTHER_SERVICERS = 'OTHER SERVICERS'

const ERAS: Era[] = [
  {
    from: 1999,
    sellers: [
      ['NORWEST MORTGAGE, INC.', 10],
      ['CHASE MANHATTAN MORTGAGE CORPORATION', 9],
      ['COUNTRYWIDE HOME LOANS, INC.', 8],
      ['BANK OF AMERICA, N.A.', 7],
      ['ABN AMRO MORTGAGE GROUP, INC.', 6],
      ['NATIONAL CITY MORTGAGE CO.', 5],
      ['FLEET MORTGAGE CORP.', 4],
      ['PRINCIPAL RESIDENTIAL MORTGAGE, INC.', 4],
      ['GMAC MORTGAGE CORPORATION', 3],
      ['FIFTH THIRD BANK', 2],
    ],
  },
  {
    from: 2002,
    sellers: [
      ['WELLS FARGO HOME MORTGAGE, INC.', 16],
      ['WASHINGTON MUTUAL BANK', 9],
      ['CHASE HOME FINANCE LLC', 9],
      ['ABN AMRO MORTGAGE GROUP, INC.', 8],
      ['COUNTRYWIDE HOME LOANS, INC.', 8],
      ['BANK OF AMERICA, N.A.', 8],
      ['NATIONAL CITY MORTGAGE CO.', 5],
      ['CITIMORTGAGE, INC.', 5],
      ['TAYLOR, BEAN & WHITAKER MORTGAGE CORP.', 4],
      ['SUNTRUST MORTGAGE, INC.', 3],
      ['FIFTH THIRD BANK', 2],
    ],
  },
  {
    from: 2009,
    sellers: [
      ['WELLS FARGO BANK, N.A.', 22],
      ['JPMORGAN CHASE BANK, NATIONAL ASSOCIATION', 10],
      ['BANK OF AMERICA, N.A.', 9],
      ['U.S. BANK N.A.', 8],
      ['CITIMORTGAGE, INC.', 6],
      ['BRANCH BANKING & TRUST COMPANY', 5],
      ['PROVIDENT FUNDING ASSOCIATES, L.P.', 5],
      ['FLAGSTAR BANK, FSB', 4],
      ['QUICKEN LOANS INC.', 4],
      ['SUNTRUST MORTGAGE, INC.', 3],
      ['FIFTH THIRD BANK', 3],
    ],
  },
  {
    from: 2016,
    sellers: [
      ['WELLS FARGO BANK, N.A.', 11],
      ['QUICKEN LOANS INC.', 8],
      ['UNITED SHORE FINANCIAL SERVICES, LLC, DBA UNITED WHOLESALE M', 6],
      ['CALIBER HOME LOANS, INC.', 5],
      ['JPMORGAN CHASE BANK, NATIONAL ASSOCIATION', 5],
      ['U.S. BANK N.A.', 5],
      ['LOANDEPOT.COM, LLC', 4],
      ['FAIRWAY INDEPENDENT MORTGAGE CORPORATION', 4],
      ['NATIONSTAR MORTGAGE LLC DBA MR. COOPER', 3],
      ['TRUIST BANK', 3],
    ],
  },
  {
    from: 2021,
    sellers: [
      ['UNITED WHOLESALE MORTGAGE, LLC', 14],
      ['ROCKET MORTGAGE, LLC', 12],
      ['CROSSCOUNTRY MORTGAGE, LLC', 6],
      ['PENNYMAC CORP.', 5],
      ['FAIRWAY INDEPENDENT MORTGAGE CORPORATION', 4],
      ['NATIONSTAR MORTGAGE LLC DBA MR. COOPER', 4],
      ['MOVEMENT MORTGAGE, LLC', 3],
      ['GUILD MORTGAGE COMPANY LLC', 3],
      ['U.S. BANK N.A.', 3],
      ['LAKEVIEW LOAN SERVICING, LLC', 3],
    ],
  },
]

// Names with letters and marks outside of ASCII: in the files they are Windows-1252 bytes, one of them (’) from its own range 80-9F.
const ACCENTED = [
  'BANCO PEÑA Y CÍA, S.A.',
  'CRÉDIT ÉTOILE HOME LOANS',
  'O’MALLEY BROTHERS BANK',
  'SEÑORIAL MORTGAGE, INC.',
]

/** Every name that can stand in a file; a row holds a name's index. */
export const NAMES: readonly string[] = [
  ...new Set([
    OTHER_SELLERS,
    OTHER_SERVICERS,
    ...ERAS.flatMap((era) => era.sellers.map(([name]) => name)),
    ...ACCENTED,
  ]),
]

export const ACCENTED_NAMES: readonly number[] = ACCENTED.map((name) => NAMES.indexOf(name))

/** The sellers of a year's loans as indexes of {@link NAMES}, with their weights; the rest is OTHER SELLERS. */
export function sellers(year: number): { names: number[]; weights: number[] } {
  const era = ERAS.findLast((era) => era.from <= year) ?? ERAS[0]!
  const known = era.sellers.reduce((total, [, weight]) => total + weight, 0)
  return {
    names: [NAMES.indexOf(OTHER_SELLERS), ...era.sellers.map(([name]) => NAMES.indexOf(name))],
    weights: [100 - known, ...era.sellers.map(([, weight]) => weight)],
  }
}
