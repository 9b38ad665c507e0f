/** Whoever calls without credentials: a web page that guesses the port, for example. It may do nothing that no resource policy allows. */
import type { Principal } from './principal.ts'

export const anonymous: Principal = { arn: 'anonymous', policies: () => [] }
