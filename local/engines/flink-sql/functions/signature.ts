/** What a scalar function is to the compiler. */
import type { LogicalType, Value } from '../types.ts'

export type Compute = (...values: Value[]) => Value

export interface Built {
  type: LogicalType
  /** Gets no NULL, unless `withNulls`: by default a NULL among the arguments makes the result NULL. */
  compute: Compute
  /** Arguments are cast to these types first, where given. */
  argumentTypes?: (LogicalType | undefined)[]
  withNulls?: boolean
}

export interface ScalarFunction {
  /** How many arguments it takes. */
  arity: [least: number, most: number]
  /**
   * Built once for its argument types and those arguments that are literals.
   * @returns a sentence where Flink refuses the arguments; `{ unsupported }` where only the subset does
   */
  build(types: LogicalType[], literals: (Value | undefined)[]): Built | string | { unsupported: string }
}
