/** Java's numbers where they differ from JavaScript's. */

/** Two's complement with 8, 16 or 32 bits: what Java keeps of a sum that overflows. */
export const WRAP: Record<string, (value: number) => number> = {
  TINYINT: (value) => (value << 24) >> 24,
  SMALLINT: (value) => (value << 16) >> 16,
  INT: (value) => value | 0,
}

export const wrapBigint = (value: bigint): bigint => BigInt.asIntN(64, value)

const PLAIN_FROM = 1e-3
const PLAIN_TO = 1e7

/**
 * java.lang.Double.toString: `1.0`, `1.0E10`, `NaN` (https://docs.oracle.com/en/java/javase/19/docs/api/java.base/java/lang/Double.html#toString(double),
 * the shortest digits that read back as the same number, as JavaScript's; Java 17 and before sometimes writes one digit more).
 */
export function doubleText(value: number): string {
  return approximateText(value, String)
}

/** java.lang.Float.toString: the shortest digits that read back as the same float. */
export function floatText(value: number): string {
  return approximateText(value, (positive) => {
    for (let digits = 1; digits < 9; digits++) {
      const text = positive.toPrecision(digits)
      if (Math.fround(Number(text)) === positive) return String(Number(text))
    }
    return String(Number(positive.toPrecision(9)))
  })
}

function approximateText(value: number, shortest: (positive: number) => string): string {
  if (Number.isNaN(value)) return 'NaN'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const positive = Math.abs(value)
  if (positive === Infinity) return `${sign}Infinity`
  if (positive === 0) return `${sign}0.0`
  const text = shortest(positive)
  // In this range JavaScript writes no exponent either.
  if (positive >= PLAIN_FROM && positive < PLAIN_TO) return `${sign}${text}${text.includes('.') ? '' : '.0'}`
  const [mantissa = '', exponent = '0'] = Number(text).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent.replace('+', '')}`
}

// No two parts of a form may take the same digits, or a long text that does not fit would be tried in every way to share them out.
const DECIMAL_FORM = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?$/
const HEX_FORM = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?\d+)[fFdD]?$/
const NAMES: Record<string, number> = {
  NaN: Number.NaN,
  '+NaN': Number.NaN,
  '-NaN': Number.NaN,
  Infinity,
  '+Infinity': Infinity,
  '-Infinity': -Infinity,
}

const SPACE = 0x20

/** Without what stands before and behind it, from the character `from` to the character `to`. A pattern would look at long blanks inside again and again. */
export function trimThrough(text: string, to: number, from = 0): string {
  const falls = (at: number) => text.charCodeAt(at) <= to && text.charCodeAt(at) >= from
  let [start, end] = [0, text.length]
  while (start < end && falls(start)) start++
  while (end > start && falls(end - 1)) end--
  return text.slice(start, end)
}

/** java.lang.Double.parseDouble, which trims all up to the space; undefined where it throws NumberFormatException. */
export function parseJavaDouble(text: string): number | undefined {
  const trimmed = trimThrough(text, SPACE)
  if (DECIMAL_FORM.test(trimmed)) return Number(trimmed.replace(/[fFdD]$/, ''))
  const [, sign, whole = '', fraction = '', exponent] = HEX_FORM.exec(trimmed) ?? []
  if (exponent !== undefined && whole.length + fraction.length > 0) {
    const value = Number.parseInt(whole + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length)
    return sign === '-' ? -value : value
  }
  return NAMES[trimmed]
}

const LONG_LIMIT = 2n ** 63n

/** Java's (long) of a double: towards zero, the nearest long beyond the range, 0 for NaN. */
export function doubleToLong(value: number): bigint {
  if (Number.isNaN(value)) return 0n
  if (value >= Number(LONG_LIMIT)) return LONG_LIMIT - 1n
  if (value <= -Number(LONG_LIMIT)) return -LONG_LIMIT
  return BigInt(Math.trunc(value))
}

const MAX_INT = 2_147_483_647

/** Java's (int) of a double. */
export function doubleToInt(value: number): number {
  if (Number.isNaN(value)) return 0
  return Math.max(-MAX_INT - 1, Math.min(MAX_INT, Math.trunc(value))) | 0
}
