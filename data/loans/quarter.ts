/** Quarters and months. A month is a number, `year * 12 + month - 1`, so that months add and subtract. */

/** `1999Q1` as the archives' names say it. */
export interface Quarter {
  name: string
  year: number
  quarter: 1 | 2 | 3 | 4
  /** Its first month. */
  firstMonth: number
  /** `99Q1`, as loan identifiers say it. */
  short: string
}

/** @throws RangeError when `name` is not a quarter of 1999 or later, such as `1999Q1` */
export function parseQuarter(name: string): Quarter {
  const match = /^(\d{4})Q([1-4])$/.exec(name)
  const year = Number(match?.[1])
  if (!match || year < 1999 || year > 2098) {
    throw new RangeError(`"${name}" is not a quarter of the dataset: write it as 1999Q1, from 1999 on.`)
  }
  const quarter = Number(match[2]) as Quarter['quarter']
  return { name, year, quarter, firstMonth: year * 12 + (quarter - 1) * 3, short: name.slice(2) }
}

export function month(year: number, monthOfYear: number): number {
  return year * 12 + monthOfYear - 1
}

export function yearOf(month: number): number {
  return Math.floor(month / 12)
}

/** `1999-03-01`, the canonical date of a month. */
export function firstDay(month: number): string {
  return `${yearOf(month)}-${String((month % 12) + 1).padStart(2, '0')}-01`
}
