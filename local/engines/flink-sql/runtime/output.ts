/** What flows between the operators of a job: rows, and watermarks behind them. */
import type { Row } from '../types.ts'

export class Output {
  readonly #rows: ((row: Row) => void)[] = []
  readonly #watermarks: ((watermark: number) => void)[] = []

  subscribe(onRow: (row: Row) => void, onWatermark: (watermark: number) => void): void {
    this.#rows.push(onRow)
    this.#watermarks.push(onWatermark)
  }

  emit(row: Row): void {
    for (const listen of this.#rows) listen(row)
  }

  advance(watermark: number): void {
    for (const listen of this.#watermarks) listen(watermark)
  }
}
