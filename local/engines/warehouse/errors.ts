/**
 * What the warehouse refuses, in Redshift's words. `message` starts with `ERROR: `, as the Data API shows it in `DescribeStatement.Error`;
 * `sqlState` is the PostgreSQL error class that Redshift's drivers report.
 */

/** Where in the statement an error lies. */
export interface ErrorPlace {
  /** 1-based character offset into the statement, as PostgreSQL counts. */
  position?: number
  /** A second sentence: `Detail:` or `Hint:` of the server. */
  detail?: string
  hint?: string
}

export class WarehouseError extends Error {
  override name = 'WarehouseError'
  readonly sqlState: string
  readonly position: number | undefined
  readonly detail: string | undefined

  constructor(sqlState: string, text: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    const lines = [`ERROR: ${text}`]
    if (place.detail) lines.push(`  Detail: ${place.detail}`)
    if (place.hint) lines.push(`  Hint: ${place.hint}`)
    if (place.position !== undefined) lines.push(`  Position: ${place.position}`)
    super(lines.join('\n'), options)
    this.sqlState = sqlState
    this.position = place.position
    this.detail = place.detail
  }
}

/** The statement cannot be read. */
export class WarehouseSyntaxError extends WarehouseError {
  override name = 'WarehouseSyntaxError'

  constructor(near: string, position?: number, options?: ErrorOptions) {
    const text = near === '' ? 'syntax error at end of input' : `syntax error at or near "${near}"`
    super('42601', text, position === undefined ? {} : { position }, options)
  }
}

/** Valid on Redshift, but not in this engine: names the statement or clause, its position, and what would do instead. */
export class WarehouseUnsupportedError extends WarehouseError {
  override name = 'WarehouseUnsupportedError'

  constructor(what: string, place: ErrorPlace = {}) {
    super('0A000', `${what} is not supported by the local warehouse`, place)
  }
}

/** A relation, column, function or type that is missing, ambiguous or there already. */
export class WarehouseObjectError extends WarehouseError {
  override name = 'WarehouseObjectError'
}

/** A value that does not fit: a cast, an overflow, an over-long text, a NULL in a NOT NULL column. */
export class WarehouseDataError extends WarehouseError {
  override name = 'WarehouseDataError'
}

/** The transaction is aborted, or two of them collide. */
export class WarehouseTransactionError extends WarehouseError {
  override name = 'WarehouseTransactionError'
}

/** Someone cancelled the statement. */
export class WarehouseCancelledError extends WarehouseError {
  override name = 'WarehouseCancelledError'

  constructor() {
    super('57014', "Query cancelled on user's request")
  }
}

/** S3 said no while the warehouse read or wrote objects: missing bucket, no permission, no such prefix. */
export class WarehouseStorageError extends WarehouseError {
  override name = 'WarehouseStorageError'
}

/** One rejected row or file of a COPY, as SYS_LOAD_ERROR_DETAIL and STL_LOAD_ERRORS keep it. */
export interface LoadError {
  fileName: string
  /** 1-based; 0 where a whole file is wrong. */
  lineNumber: number
  columnName: string
  columnType: string
  columnLength: string
  position: number
  code: number
  reason: string
  rawLine: string
  rawValue: string
}

/** COPY has stopped: more rows were refused than MAXERROR allows, or a file does not fit the table. */
export class WarehouseLoadError extends WarehouseError {
  override name = 'WarehouseLoadError'
  readonly errors: readonly LoadError[]

  constructor(text: string, errors: readonly LoadError[], place: ErrorPlace = {}) {
    super('XX000', text, place)
    this.errors = errors
  }
}
