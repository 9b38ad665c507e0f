/**
 * Exact numbers: a bigint in units of 10^-scale. Rounding is half up (away from zero), as BigDecimal.setScale(s, RoundingMode.HALF_UP) in
 * DecimalData.fromBigDecimal (flink-table-common/src/main/java/org/apache/flink/table/data/DecimalData.java).
 */

export function power10(exponent: number): bigint {
  return 10n ** BigInt(exponent)
}

/** Another scale; digits that fall away round half up. */
export function rescale(value: bigint, from: number, to: number): bigint {
  return to >= from ? value * power10(to - from) : divideHalfUp(value, power10(from - to))
}

/** a / b, rounded half up. */
export function divideHalfUp(a: bigint, b: bigint): bigint {
  const quotient = a / b
  const remainder = a % b
  const double = 2n * (remainder < 0n ? -remainder : remainder)
  if (double < (b < 0n ? -b : b)) return quotient
  return quotient + (a < 0n === b < 0n ? 1n : -1n)
}

/** The value if it has at most `precision` digits; Flink makes NULL of what is larger. */
export function within(value: bigint, precision: number): bigint | null {
  const limit = power10(precision)
  return value < limit && value > -limit ? value : null
}

/** `-1.50`: all digits of the scale, no exponent. */
export function decimalText(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : ''
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0')
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export interface Exact {
  unscaled: bigint
  scale: number
}

const EXACT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/
const MAX_SCALE = 2 ** 31 - 1

/** What java.math.BigDecimal's constructor reads; undefined where it throws. */
export function parseExact(text: string): Exact | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] = EXACT.exec(text) ?? []
  if (sign === undefined || whole.length + fraction.length === 0) return undefined
  const scale = fraction.length - Number(exponent)
  if (Math.abs(scale) > MAX_SCALE) return undefined
  const digits = BigInt(whole + fraction)
  return { unscaled: sign === '-' ? -digits : digits, scale }
}

/** Zeros before the first digit; beyond them BigDecimal.toString writes an exponent. */
const MAX_LEADING_ZEROS = 6

/** java.math.BigDecimal.toString: `1E+3`, `0.5`, `1E-7`. */
export function exactText({ unscaled, scale }: Exact): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString()
  const exponent = digits.length - 1 - scale
  if (scale >= 0 && exponent >= -MAX_LEADING_ZEROS) return decimalText(unscaled, scale)
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits
  return `${sign}${mantissa}E${exponent >= 0 ? '+' : ''}${exponent}`
}

/** An exact number in a DECIMAL(precision, scale); null where it does not fit. Huge exponents cost nothing. */
export function fitted({ unscaled, scale: from }: Exact, precision: number, scale: number): bigint | null {
  if (unscaled === 0n) return 0n
  const wholeDigits = unscaled.toString().length - from
  if (wholeDigits > precision + 2) return null
  if (wholeDigits < -scale - 1) return 0n
  return within(rescaleSigned(unscaled, from, scale), precision)
}

/** Like {@link rescale}, for a scale that may be negative. */
function rescaleSigned(value: bigint, from: number, to: number): bigint {
  return from < 0 ? value * power10(to - from) : rescale(value, from, to)
}

/** Up to so many digits Flink keeps a DECIMAL in a long (DecimalDataUtils.MAX_LONG_DIGITS). */
const COMPACT_DIGITS = 18

/** DecimalDataUtils.doubleValue: a compact DECIMAL is divided as a double, which can cost the last digit. */
export function toDouble(value: bigint, precision: number, scale: number): number {
  return precision <= COMPACT_DIGITS ? Number(value) / 10 ** scale : Number(decimalText(value, scale))
}

/** java.math.BigDecimal.stripTrailingZeros: 12.50 is 12.5, and 1000 is 1E+3. */
export function stripZeros({ unscaled, scale }: Exact): Exact {
  if (unscaled === 0n) return { unscaled, scale: 0 }
  while (unscaled % 10n === 0n) {
    unscaled /= 10n
    scale--
  }
  return { unscaled, scale }
}

/** java.math.BigDecimal.toPlainString. */
export function plainText({ unscaled, scale }: Exact): string {
  return scale >= 0 ? decimalText(unscaled, scale) : decimalText(unscaled * power10(-scale), 0)
}
