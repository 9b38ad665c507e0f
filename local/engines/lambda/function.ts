/** What the Lambda runtime needs to know of a function, and what an invocation gives. */

export interface FunctionSpec {
  readonly name: string
  readonly arn: string
  /** The folder of the deployment package. */
  readonly folder: string
  /** `index.handler`: file and export. */
  readonly handler: string
  readonly memoryMb: number
  readonly timeoutSeconds: number
  readonly environment: Readonly<Record<string, string>>
  /** A folder of the sandbox's own for temporary files (`TMPDIR`); made by the runtime. */
  readonly temp: string
  /** A folder where sandboxes leave what V8 compiled of their code for those to come; made by Node.js. Without it each compiles anew. */
  readonly compileCache?: string
  /** One line that the function wrote. */
  log(line: string, requestId: string | undefined): void
}

export interface Invocation {
  requestId: string
  /** JSON text. */
  event: string
  clientContext?: string
}

export interface InvocationResult {
  /** JSON text: what the handler returned, or the error in Lambda's form. */
  payload: string
  /** Set when the handler failed or the sandbox ended. */
  error?: 'Unhandled'
  durationMs: number
  /** Set on the first invocation of a sandbox. */
  initMs?: number
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
export interface LambdaError {
  errorType: string
  errorMessage: string
  trace?: string[]
}
