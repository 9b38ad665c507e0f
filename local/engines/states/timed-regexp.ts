/**
 * Regular expressions that give up: `/^(a+)+$/` can look at a text of forty characters for hours, and nothing else in the process
 * would run meanwhile. V8 ends the search when a script's time is up.
 */
import { createContext, Script } from 'node:vm'

const MAX_MILLISECONDS = 1_000

/** Each try on a shorter text is over in no time, and a script costs a tenth of a millisecond. */
const SHORT = 16

const context: { search?: () => RegExpExecArray | null } = {}
const script = new Script('search()')
createContext(context)

/** JSONata's engine for `/…/`. */
export class TimedRegExp extends RegExp {
  /** @throws Error when the search takes longer than a second */
  override exec(text: string): RegExpExecArray | null {
    if (text.length < SHORT) return super.exec(text)
    context.search = () => super.exec(text)
    try {
      return script.runInContext(context, { timeout: MAX_MILLISECONDS }) as RegExpExecArray | null
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      throw new Error(`The regular expression /${this.source}/ takes too long.`)
    } finally {
      delete context.search
    }
  }
}
