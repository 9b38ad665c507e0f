export type Case = readonly [expression: string, printed: string | null]

/** What each theme's expressions print. */
export type Cases = Record<string, readonly Case[]>
