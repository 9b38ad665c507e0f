/** A line of an estimate. */

/** `run` once; `storage`, what the run leaves, and `idle` every month. */
export type Section = 'run' | 'storage' | 'idle'

export interface CostLine {
  section: Section
  name: string
  quantity: number
  unit: string
  /** US dollars a unit. */
  price: number
  /** US dollars: quantity × price. */
  amount: number
  assumption: string
}

export function line(
  section: Section,
  name: string,
  quantity: number,
  unit: string,
  price: number,
  assumption: string,
) {
  return { section, name, quantity, unit, price, amount: quantity * price, assumption } satisfies CostLine
}
