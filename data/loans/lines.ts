/** Writes text into one growing block of bytes, digit by digit: no strings are made on the way. */
const ZERO = 0x30
const DOT = 0x2e
const MINUS = 0x2d
const BAR = 0x7c

export class Lines {
  bytes = Buffer.allocUnsafe(1 << 19)
  length = 0
  /** Where the fields of the last line begin; behind its last field stands where a next one would. */
  readonly fields = new Int32Array(64)
  fieldCount = 0

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + bytes))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  /** A copy of what was written, which is then forgotten. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.length))
    this.length = 0
    return taken
  }

  beginLine(): void {
    this.reserve(2048)
    this.fieldCount = 0
    this.fields[0] = this.length
  }

  /** Ends a field with a bar. */
  bar(): void {
    this.bytes[this.length++] = BAR
    this.fields[++this.fieldCount] = this.length
  }

  byte(value: number): void {
    this.bytes[this.length++] = value
  }

  text(text: Buffer): void {
    const { bytes } = this
    let at = this.length
    for (let i = 0; i < text.length; i++) bytes[at++] = text[i]!
    this.length = at
  }

  /** A whole number ≥ 0, at least `digits` long. */
  whole(value: number, digits = 1): void {
    const { bytes } = this
    let length = digits
    let limit = 10 ** digits
    while (value >= limit) {
      length++
      limit *= 10
    }
    let at = this.length + length
    this.length = at
    let rest = value
    // Integer division is fast only while the number fits 32 bits.
    while (rest > 0x7fffffff) {
      const next = Math.floor(rest / 10)
      bytes[--at] = ZERO + (rest - next * 10)
      rest = next
      length--
    }
    let small = rest | 0
    while (length-- > 0) {
      const next = (small / 10) | 0
      bytes[--at] = ZERO + (small - next * 10)
      small = next
    }
  }

  /** Cents as dollars with two decimals; `short` leaves out decimals that say nothing (`178123.5`, `180000`). */
  money(cents: number, short = false): void {
    if (cents < 0) {
      this.bytes[this.length++] = MINUS
      cents = -cents
    }
    const dollars = Math.floor(cents / 100)
    const rest = cents - dollars * 100
    this.whole(dollars)
    if (short && rest === 0) return
    this.bytes[this.length++] = DOT
    if (short && rest % 10 === 0) this.whole(rest / 10)
    else this.whole(rest, 2)
  }

  /** Thousandths with as many decimals as they need: `6.5`, `6.875`, `7`. */
  rate(thousandths: number): void {
    const units = Math.floor(thousandths / 1000)
    let rest = thousandths - units * 1000
    this.whole(units)
    if (rest === 0) return
    this.bytes[this.length++] = DOT
    let digits = 3
    while (rest % 10 === 0) {
      rest /= 10
      digits--
    }
    this.whole(rest, digits)
  }
}
