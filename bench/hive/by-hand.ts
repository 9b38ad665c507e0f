/** What both scripts by hand have in common: fields of Release 47 in the words of DuckDB. */

export type Rows = (sql: string) => Promise<unknown[][]>

export interface HandPaths {
  /** Globs of the raw text and of the processed origination. */
  raw: string
  origination: string
  /** A folder that is made anew. */
  output: string
  /** `99Q1`: what the identifiers of the quarter hold. */
  yyqn: string
}

export const IDENTIFIER = '(?:F1[0-9]{2}Q[1-4][0-9]{6}|[FA][0-9]{2}Q[1-4][0-9]{7})'
export const PERIOD = '(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])'
export const MONTH = `(?:${PERIOD})?`
export const FLAG = '[YN]?'
export const NAME = '(?:[!-{}~](?:[ -{}~]{0,58}[!-{}~])?)?'
export const ANY_NAME = '[^\\x00-\\x1F]{0,60}'

/** A pattern of a whole line, or of some of its fields. */
export const line = (...fields: string[]) => `^${fields.join('[|]')}$`

/** Do the fields `f` match, each its pattern? */
export const matches = (positions: readonly number[], ...patterns: string[]) =>
  `regexp_matches(concat_ws('|', ${positions.map((i) => `f[${i}]`).join(', ')}), '${line(...patterns)}')`

export const scan = (glob: string) =>
  `read_csv('${glob}', delim = '\x01', header = false, quote = '', escape = '', auto_detect = false, null_padding = true, strict_mode = false, columns = {'line': 'VARCHAR'})`

/** The line without white space around its fields. */
export const TIDY = `trim(regexp_replace(regexp_replace(line, '\\s+', ' ', 'g'), ' ?[|] ?', '|', 'g'))`

/** Text lines whose fields have no delimiter, quote or escape. */
export const TEXT = "(FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '')"

export const text = (i: number) => `nullif(f[${i}], '')`
const list = (values: readonly string[]) => ['', ...values].map((value) => `'${value}'`).join(', ')
export const code = (i: number, ...missing: string[]) => `CASE WHEN f[${i}] NOT IN (${list(missing)}) THEN f[${i}] END`
export const number = (i: number, type: string, ...missing: string[]) => `TRY_CAST(${code(i, ...missing)} AS ${type})`
export const date = (i: number) =>
  `CASE WHEN f[${i}] <> '' THEN TRY_CAST(substr(f[${i}], 1, 4) || '-' || substr(f[${i}], 5, 2) || '-01' AS DATE) END`
