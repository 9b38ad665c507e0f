/** What to generate, as the command line says it. */
export interface SampleOptions {
  /** With commas. */
  quarters: string
  layout: string
  /** Loans a quarter. */
  loans: number
  /** Performance rows over all quarters, about; overrides `loans`. */
  rows?: number
  seed: number
  dirty: number
  through?: string
}

export const SAMPLE_DEFAULTS = {
  quarters: '1999Q1,1999Q2',
  layout: 'r47',
  loans: 10_500,
  seed: 1,
  dirty: 0.01,
} as const satisfies SampleOptions
