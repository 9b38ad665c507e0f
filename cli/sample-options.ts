/** What to generate, as the command line says it. */
export interface SampleOptions {
  /** With commas; a quarter of another layout than `layout` says so: `1999Q1,1999Q2:legacy32`. */
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

/** One quarter of each layout, so that every run shows that all of them become the same rows. */
export const SAMPLE_DEFAULTS = {
  quarters: '1999Q1,1999Q2:legacy32,2005Q1:release2018',
  layout: 'r47',
  loans: 7_000,
  seed: 1,
  dirty: 0.01,
} as const satisfies SampleOptions
