/** Labels of distributed Maps: they go into ARNs (https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html). */

const forbidden = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/

/** What is wrong with a label, and the whole message that CreateStateMachine answers then; undefined for a good one. */
export function labelProblem(label: string, definition: string): { message: string; whole: string } | undefined {
  const invalid = forbidden.exec(label)?.[0]
  if (invalid === undefined) return undefined
  const message = `Label contains invalid character: ${quoted(invalid)}`
  return { message, whole: `Error=ValueError Args=[${quoted(message)}] in definition '${definition}'.` }
}

/** A text in the quotes that do not occur in it, control characters as `\x0c`: AWS shows wrong labels so. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escapes: Record<string, string> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\', [quote]: `\\${quote}` }
  let shown = ''
  for (const char of text) {
    const code = char.charCodeAt(0)
    if (escapes[char] !== undefined) shown += escapes[char]
    else if (code < 32 || (code >= 127 && code < 160)) shown += `\\x${code.toString(16).padStart(2, '0')}`
    else shown += char
  }
  return `${quote}${shown}${quote}`
}
