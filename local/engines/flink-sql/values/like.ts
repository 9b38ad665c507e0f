/** LIKE: % and _ and, only where ESCAPE names one, an escape character (flink-table-runtime …/functions/SqlLikeUtils.java). */

const ANY = Symbol('%')
const ONE = Symbol('_')

/** A test of text against a pattern; undefined where the escape character stands before something else than %, _ or itself. */
export function likePattern(
  pattern: string,
  escapeCharacter: string | undefined,
): ((text: string) => boolean) | undefined {
  const parts: (string | typeof ANY | typeof ONE)[] = []
  const characters = [...pattern]
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!
    if (character === escapeCharacter) {
      const next = characters[++i]
      if (next === undefined || !['%', '_', escapeCharacter].includes(next)) return undefined
      parts.push(next)
    } else parts.push(character === '%' ? ANY : character === '_' ? ONE : character)
  }
  return (text) => matches(/[\ud800-\udfff]/.test(text) ? [...text] : text, parts)
}

/** Only the last % ever takes more than it had: so the time is at most length times length, where a regular expression's has no bound. */
function matches(text: string | string[], parts: (string | symbol)[]): boolean {
  let [at, part] = [0, 0]
  let [lastAny, retryAt] = [-1, 0]
  while (at < text.length) {
    const wanted = parts[part]
    if (wanted === ANY) {
      lastAny = part++
      retryAt = at
    } else if (wanted === ONE || (wanted !== undefined && wanted === text[at])) {
      part++
      at++
    } else if (lastAny >= 0) {
      part = lastAny + 1
      at = ++retryAt
    } else return false
  }
  while (parts[part] === ANY) part++
  return part === parts.length
}
